type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined | false;
type Handlers = { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

/** An element with attributes (false and undefined leave one out, true gives an empty one), handlers and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes & { readonly on?: never } = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

export function listen<E extends HTMLElement>(element: E, handlers: Handlers): E {
  for (const [name, handler] of Object.entries(handlers)) element.addEventListener(name, handler as EventListener);
  return element;
}

export function setAttribute(element: Element, name: string, value: string | number | boolean | undefined): void {
  if (value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value))
    element.setAttribute(name, value === true ? '' : String(value));
}

/** Writes only what differs, so that screen readers and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes a list's children follow `items`: elements are made once per key, moved and updated, and removed with their item. */
export function keyedList<T, E extends HTMLElement>(
  parent: HTMLElement,
  make: (item: T) => E,
  update: (element: E, item: T) => void,
): (items: readonly T[], keyOf: (item: T) => string) => void {
  const elements = new Map<string, E>();
  return (items, keyOf) => {
    const wanted = new Set(items.map(keyOf));
    for (const [key, element] of elements) {
      if (wanted.has(key)) continue;
      element.remove();
      elements.delete(key);
    }
    items.forEach((item, at) => {
      const key = keyOf(item);
      let element = elements.get(key);
      if (element === undefined) {
        element = make(item);
        elements.set(key, element);
      }
      update(element, item);
      if (parent.children[at] !== element) parent.insertBefore(element, parent.children[at] ?? null);
    });
  };
}

/** A colour of the style sheets, as it is now. */
export function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Calls `changed` when the system goes from light to dark or back. */
export function onThemeChange(changed: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}
