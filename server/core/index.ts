// The only door of the core: everybody outside imports from here.
export { type Analysis, analyze, type SourceFile } from "./analyze.ts";
export { breachDrill, type Drill, type DrilledStep, type Loss, lossesOf, mergedSteps } from "./breach.ts";
export { type Context, EMPTY_CONTEXT } from "./context.ts";
export { type Credential, credentialsIn, withoutValues } from "./credentials.ts";
export { type Explanation, explain, pageOf, withoutMarks } from "./explain.ts";
export { objection, objectionAmong, objectionTo, silencingFixes, withEdits } from "./fix.ts";
export { type HoverOptions, type HoverSubject, hoverMarkdown, type Recalled, subjectsAt } from "./hover.ts";
export { codeSpan, prose } from "./markdown.ts";
export { type KnownParty, type Party, partiesOf, readParty } from "./party.ts";
export { type PinnedPlace, pinsOf } from "./pins.ts";
export { printable } from "./printable.ts";
export type {
  Answer,
  CommitAnswer,
  ImageDigestAnswer,
  NewestVersionAnswer,
  Question,
  ScriptHashAnswer,
} from "./question.ts";
export type { Reach, ReachedSecret } from "./reach.ts";
export type { AskFix, EditFix, Finding, Fix, NoFix, Problem, Related, Rule, Severity } from "./rule.ts";
export { RULES } from "./rules/index.ts";
export {
  checkSettings,
  DEFAULT_SETTINGS,
  mergeSettings,
  parseSettings,
  readSettings,
  type Settings,
  type SettingsProblem,
  type WrongSetting,
} from "./settings.ts";
export { completeSettings, explainSetting, type SettingsWord } from "./settings-help.ts";
export { SETTINGS, type Setting, schemaOf, settingsSchema, USUAL_BASELINE } from "./settings-table.ts";
export { sameFileOfCommit } from "./shell/git-address.ts";
export { type ForeignCode, type GrantedSecret, type Place, type StepCode, stepCodeOf } from "./step-code.ts";
export type { SuppressedFinding } from "./suppression.ts";
export { SYSTEMS, systemNamed } from "./systems/index.ts";
export { applyEdits, type Edit, type Span } from "./text.ts";
