/** A program for components: the client of the page is one that was welcomed by it. */
import { createAuroraView } from "../../src/index";
import { Program, turns } from "../program";

export interface Api {
  rename(old: string, to: string): { name: string };
}

export async function welcomedProgram(): Promise<Program> {
  const program = new Program();
  createAuroraView({ transport: program });
  program.welcome({ methods: ["api.rename", "scale"], namespaces: ["api"] });
  await turns();
  program.sent.length = 0;
  return program;
}

/** The calls that were sent since the last time. */
export async function callsOf(program: Program): Promise<unknown[]> {
  await turns();
  return program
    .messages()
    .filter(({ type }) => type === "call")
    .map((message) => (message.type === "call" ? [message.id, message.method, message.params] : message));
}
