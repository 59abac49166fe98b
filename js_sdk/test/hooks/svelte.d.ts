declare module "*.svelte" {
  import type { Component } from "svelte";

  const component: Component<{ heard: number[] }>;
  export default component;
}
