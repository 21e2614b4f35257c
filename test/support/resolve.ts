// A program that asks one question as the language server and the command line do, with nothing but the process's environment.
// Arguments: the question and, optionally, the options of the resolver, both as JSON. Prints the answer, or the refusal, as JSON.
import { createResolver } from "../../server/resolvers/network.ts";
import { Refusal } from "../../server/resolvers/resolver.ts";

const [question = "", options = "{}"] = process.argv.slice(2);
try {
  console.log(JSON.stringify(await createResolver(JSON.parse(options)).resolve(JSON.parse(question))));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
