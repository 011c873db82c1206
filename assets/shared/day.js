import { spoken } from "./language.js";

const TAGS = { en: "en-GB", zh: "zh-CN" };

// Of a moment in seconds, by the clock of Greenwich: everybody is told the same day.
export const day = (seconds) => new Date(1000 * seconds).toLocaleDateString(TAGS[spoken()], { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
