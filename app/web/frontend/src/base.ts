// What every page loads: the look, htmx with our token, the theme, row keys and messages that can be dismissed.

import "bootstrap/dist/css/bootstrap.css";
import "bootstrap-icons/font/bootstrap-icons.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/elements.css";

import "bootstrap/js/dist/collapse";
import "bootstrap/js/dist/dropdown";
import "bootstrap/js/dist/modal";

import { startAnswering } from "./base/answering";
import { startFind } from "./base/find";
import { startHtmx } from "./base/htmx";
import { startPressKeys } from "./base/pressKeys";
import { startReveal } from "./base/reveal";
import { startRowKeys } from "./base/rowKeys";
import { startSelection } from "./base/selection";
import { startTheme } from "./base/theme";
import { startToasts } from "./base/toasts";

startTheme();
startHtmx();
startRowKeys();
startSelection();
startFind();
startPressKeys();
startReveal();
startToasts();
startAnswering();
