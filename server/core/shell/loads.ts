import { optionStyle, optionValues, readOptions } from "./options.ts";
import type { Value } from "./state.ts";

// Code that a program takes in besides the one that it was told to run: agents, libraries, modules, class paths.

/** The words of a command line that name files whose code the program loads, each cut down to the file's name. */
export function readLoads(name: string, args: readonly Value[]): readonly Value[] {
  return LOADERS.find(({ names }) => names.test(name))?.read(args) ?? [];
}

/** True for a program that can be told to load code. */
export function isLoader(name: string): boolean {
  return LOADERS.some(({ names }) => names.test(name));
}

/** The files that a variable makes every program, or every program of a kind, load. */
export function loadedThrough(variable: string, value: Value): readonly Value[] {
  switch (variable) {
    case "LD_PRELOAD":
    case "LD_AUDIT":
    case "DYLD_INSERT_LIBRARIES":
      return pieces(value, /[\s:]+/);
    case "BASH_ENV":
    case "ENV":
    case "PYTHONSTARTUP":
    case "PERL5DB":
      return [value];
    case "NODE_OPTIONS":
      return readLoads("node", pieces(value, /[\s=]+/));
    case "RUBYOPT":
      return readLoads("ruby", pieces(value, /\s+/));
    case "JAVA_TOOL_OPTIONS":
    case "_JAVA_OPTIONS":
    case "MAVEN_OPTS":
      return readLoads("java", pieces(value, /\s+/));
    default:
      return [];
  }
}

interface Loader {
  readonly names: RegExp;
  read(args: readonly Value[]): readonly Value[];
}

const NODE = optionStyle("-r --require --import --loader --experimental-loader --preload", { clusters: false });
const RUBY = optionStyle("-r -I -C -e");
const JAVA = optionStyle("-cp -classpath --class-path -p --module-path", { clusters: false });
const GRADLE = optionStyle("-I --init-script -b --build-file -c --settings-file -p --project-dir -x --exclude-task");

// Options by the manuals of Node 24, Ruby 3.4, OpenJDK 25, Gradle 9, PHP 8.4 and kmod.
const LOADERS: readonly Loader[] = [
  {
    names: /^(?:node|nodejs|bun|deno)$/,
    read: (args) =>
      optionValues(
        readOptions(args, NODE),
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "--preload",
      ),
  },
  { names: /^j?ruby[\d.]*$/, read: (args) => optionValues(readOptions(args, RUBY), "-r") },
  { names: /^javaw?$/, read: readJava },
  {
    names: /^gradlew?$/,
    read: (args) => optionValues(readOptions(args, GRADLE), "-I", "--init-script", "-b", "--build-file"),
  },
  { names: /^php[\d.]*$/, read: readPhp },
  { names: /^insmod$/, read: (args) => args.filter(({ text }) => !text.startsWith("-")).slice(0, 1) },
];

/** `-javaagent:agent.jar=options`, `-agentpath:lib.so`, and the archives of the class path. */
function readJava(args: readonly Value[]): readonly Value[] {
  const agents = args.flatMap((arg) => {
    const [written, file] = /^-(?:javaagent|agentpath|Xbootclasspath\/[ap]):([^=]+)/.exec(arg.text) ?? [];
    return written === undefined || file === undefined ? [] : pieces({ ...arg, text: file }, /[:;]/);
  });
  const paths = optionValues(readOptions(args, JAVA), "-cp", "-classpath", "--class-path", "-p", "--module-path");
  return [...agents, ...paths.flatMap((path) => pieces(path, /[:;]/))];
}

function readPhp(args: readonly Value[]): readonly Value[] {
  return args.flatMap((arg) => {
    const [, file] =
      /^(?:-d)?(?:auto_prepend_file|auto_append_file|extension|zend_extension)=(.+)$/s.exec(arg.text) ?? [];
    return file === undefined ? [] : [{ ...arg, text: file }];
  });
}

function pieces(value: Value, between: RegExp): readonly Value[] {
  return value.text.split(between).flatMap((text) => (text === "" ? [] : [{ ...value, text }]));
}
