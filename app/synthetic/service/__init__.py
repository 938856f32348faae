"""Write a synthetic hospital: into a database, into CSV files, as the demo. Import from here."""

from app.synthetic.service.demo import DEMO_PATIENTS, seed_demo_patients, seed_tour_patients
from app.synthetic.service.filling import fill, fill_histories
from app.synthetic.service.histories import ensure_departments, insert_histories
from app.synthetic.service.people import insert_people
from app.synthetic.service.sheets import COLUMNS, TRUTH_COLUMNS, write_csv, write_truth

__all__ = [
    "COLUMNS",
    "DEMO_PATIENTS",
    "TRUTH_COLUMNS",
    "ensure_departments",
    "fill",
    "fill_histories",
    "insert_histories",
    "insert_people",
    "seed_demo_patients",
    "seed_tour_patients",
    "write_csv",
    "write_truth",
]
