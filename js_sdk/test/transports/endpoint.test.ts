import { afterEach, expect, test, vi } from "vitest";
import { targetOf } from "../../src/transports/endpoint";
import { tokenIn } from "../../src/transports/token";

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ["http://127.0.0.1:8000", "ws://127.0.0.1:8000/auroraview.ws", "http://127.0.0.1:8000/"],
  ["http://127.0.0.1:8000/", "ws://127.0.0.1:8000/auroraview.ws", "http://127.0.0.1:8000/"],
  ["https://a.example/panel", "wss://a.example/panel/auroraview.ws", "https://a.example/panel/"],
  ["https://a.example/panel/?q=1", "wss://a.example/panel/auroraview.ws", "https://a.example/panel/"],
  ["http://a.example/panel/auroraview.js", "ws://a.example/panel/auroraview.ws", "http://a.example/panel/"],
  ["http://a.example/index.html#x", "ws://a.example/auroraview.ws", "http://a.example/"],
  ["ws://a.example:1/p/auroraview.ws", "ws://a.example:1/p/auroraview.ws", "http://a.example:1/p/"],
  ["http://[::1]:80/", "ws://[::1]/auroraview.ws", "http://[::1]/"],
])("%s leads to %s", (address, endpoint, base) => {
  expect(targetOf(address)).toEqual({ endpoint, base, token: undefined });
});

test("a link with its token will do", () => {
  expect(targetOf(new URL("http://127.0.0.1:8000/#token=abc"))).toMatchObject({
    endpoint: "ws://127.0.0.1:8000/auroraview.ws",
    token: "abc",
  });
});

test("in a page addresses may be relative to it", () => {
  vi.stubGlobal("location", { href: "https://a.example/app/page.html" });
  expect(targetOf("/panel/").endpoint).toBe("wss://a.example/panel/auroraview.ws");
  expect(targetOf("./").endpoint).toBe("wss://a.example/app/auroraview.ws");
});

test.each(["ftp://a.example/", "nonsense", "file:///tmp/x.html"])("%s is a TypeError", (address) => {
  expect(() => targetOf(address)).toThrow(TypeError);
});

test.each([
  ["", undefined, ""],
  ["#", undefined, ""],
  ["#section", undefined, "#section"],
  ["#token=T", "T", ""],
  ["#token=a%20b", "a b", ""],
  ["#token=%", "%", ""],
  ["#token=", undefined, ""],
  ["#a=1&token=T&b=2", "T", "#a=1&b=2"],
  ["#/route?x=1&token=T", "T", "#/route?x=1"],
  ["#token=T&/route", "T", "#/route"],
  ["#mytoken=T", undefined, "#mytoken=T"],
])("the token in %j is %j, and %j remains", (fragment, token, rest) => {
  expect(tokenIn(fragment)).toEqual({ token, rest });
});
