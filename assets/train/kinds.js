// The lines of an arm: training solid, test dashed, and dotted the test with batch statistics where there is BatchNorm.

import { _ } from "../shared/language.js";

export const KINDS = [{ kind: "train", dash: "solid" }, { kind: "test", dash: "dash" }, { kind: "batch", dash: "dot" }];
export const lineName = (kind) => ({ train: _("train"), test: _("test"), batch: _("test, batch statistics") })[kind];

const AT_THE_RIGHT = ["test", "train", "batch"]; // the first of them that is drawn has its labels there
export const labelledKind = ({ kinds }) => AT_THE_RIGHT.find((kind) => kinds.has(kind));
