import { expect, test, vi } from "vitest";
import { AuroraViewError, localError } from "../src/errors";

test("an error carries what the program said", () => {
  const error = new AuroraViewError({
    name: "ValueError",
    message: "bad",
    code: "handler_error",
    data: [1],
    traceback: "Traceback",
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "ValueError", message: "bad", code: "handler_error", data: [1] });
  expect(error.traceback).toBe("Traceback");
  expect(String(error)).toBe("ValueError: bad");
});

test("instanceof works for errors of another copy of this module", async () => {
  vi.resetModules();
  const other = await import("../src/errors");
  expect(other.AuroraViewError).not.toBe(AuroraViewError);
  expect(other.localError("busy", "later")).toBeInstanceOf(AuroraViewError);
  expect(new Error("plain")).not.toBeInstanceOf(AuroraViewError);
  expect(localError("busy", "later").name).toBe("Busy");
});
