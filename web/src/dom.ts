// Makes elements. Text only ever becomes text nodes; nothing here reads markup.

type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value as unknown as EventListener);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  append(made, children);
  return made;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
  }
}

/** Prose in which what stands between backticks is code. */
export function prose(text: string): Node[] {
  const parts = text.split("`");
  // Without its end, a backtick is one.
  if (parts.length % 2 === 0) return [document.createTextNode(text)];
  return parts.map((part, i) => (i % 2 === 1 ? element("code", {}, part) : document.createTextNode(part)));
}

/** A bar that shows a share of a whole, 0 to 1. */
export function bar(share: number, kind = ""): HTMLElement {
  const fill = element("i", { class: `fill ${kind}` });
  fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return element("span", { class: "bar", "aria-hidden": "true" }, fill);
}

/** An entry of a legend. */
export function legendKey(name: string, text: string): HTMLElement {
  return element("span", { class: `key ${name}` }, element("i", { "aria-hidden": "true" }), text);
}

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages opened from disk may have no clipboard: the old way works there.
    const field = element("textarea", { readonly: true, "aria-hidden": "true", class: "offscreen" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
