export { printable } from "../core/index.ts";
