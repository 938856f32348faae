"""Reports of the floor from calls, their parts and the journal, within what the viewer may see. Import from here."""

from app.floor_reports.service.reading import FloorChoice, FloorReport, agent_names, floor_report

__all__ = ["FloorChoice", "FloorReport", "agent_names", "floor_report"]
