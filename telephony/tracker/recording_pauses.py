"""Pauses of the recording: the file holds silence meanwhile, so that every second of it stays where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.calls.rules import CallEvent, CommandKind
from app.texts import N_
from telephony.tracker import inputs
from telephony.tracker.live_calls import LiveCalls


class RecordingPauses:
    """Reads and changes the live calls; appends what follows to `out`. A pause ends by itself."""

    def __init__(self, calls: LiveCalls, out: list[inputs.Output]) -> None:
        self._calls = calls
        self._out = out
        self.longest = timedelta(minutes=2)

    def carry_out(self, command: inputs.CommandIssued) -> None:
        """PAUSE_RECORDING or RESUME_RECORDING; ordered twice it is as ordered once."""
        call = self._calls.by_id(str(command.args.get("call_id", "")))
        pauses = command.kind is CommandKind.PAUSE_RECORDING
        if call is None or self._calls.talker(call) != command.agent:
            self._out.append(inputs.CommandDone(id=command.id, error=N_("This call has ended already.")))
        elif pauses is (call.record.recording_paused_at is not None):
            self._out.append(inputs.CommandDone(id=command.id))
        else:
            self._out.append(inputs.MuteRecording(command_id=command.id, channel=call.patient[0], is_muted=pauses))
            if pauses:
                call.record = replace(call.record, recording_paused_at=command.at)
                self._calls.say(call, CallEvent.RECORDING_PAUSED, command.at, command.agent)
            else:
                self._calls.end_pause(call, command.at)

    def judge(self, at: datetime) -> None:
        """Pauses that somebody forgot."""
        for call in self._calls:
            paused_at = call.record.recording_paused_at
            if paused_at is not None and at - paused_at >= self.longest and call.patient[0]:
                self._out.append(inputs.MuteRecording(channel=call.patient[0], is_muted=False))
                self._calls.end_pause(call, at)

    def fail(self, effect: inputs.Effect, at: datetime) -> None:
        """Asterisk refused to pause: then it is not said to be."""
        match effect:
            case inputs.MuteRecording(is_muted=True, channel=channel):
                for call in self._calls:
                    if call.patient[0] == channel:
                        self._calls.end_pause(call, at)
            case _:
                pass
