// Questionnaires: the composer of the designer, paper forms typed by keys, and the patient's page that keeps each answer.

import { startComposer } from "./questionnaires/composer";
import { startPaper } from "./questionnaires/paper";
import { startSurvey } from "./questionnaires/survey";

startComposer();
startPaper();
startSurvey();
