import type { Answer, Question } from "../core/index.ts";

// How names and pins are shown in reports.

/** What a question is about, as a file would call it. */
export function nameOfQuestion(question: Question): string {
  switch (question.kind) {
    case "commit":
      return `${question.host === "github.com" ? "" : `${question.host}/`}${question.repo}@${question.ref}`;
    case "scriptHash":
      return question.url;
    case "imageDigest":
      return question.image;
    case "newestVersion":
      return question.list.kind === "orb" ? question.list.name : question.list.repo;
  }
}

/** What an answer pins to. */
export function nameOfPin(answer: Answer): string {
  switch (answer.kind) {
    case "commit":
      return answer.versionTag === undefined ? answer.commit : `${answer.commit} (${answer.versionTag})`;
    case "scriptHash":
      return `SHA-256 ${answer.sha256}`;
    case "imageDigest":
      return answer.digest;
    case "newestVersion":
      return `${answer.version}, the newest exact version (there is no hash)`;
  }
}

/** Text of a file on one line, not too long for a report. */
export function onOneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`;
}

const MAX_LENGTH = 100;

/** "1 reference", "2 references". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
