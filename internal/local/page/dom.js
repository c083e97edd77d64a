// Elements without markup: what the bot or the CRM says is only ever text.

let last = 0;

/** fresh is an id that nothing else on the page has. */
export function fresh() {
  return `i${++last}`;
}

/**
 * h makes an element. An attribute that is false or undefined is left out,
 * true stands alone, and a function is a listener for the event that it is
 * named after. Children are nodes or texts; those that are falsy are left out.
 */
export function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child || child === 0));
  return made;
}

const focusable = "button, a[href], input, select, textarea, summary, [tabindex]";

/** focusables are the elements in `root` that take the focus now, in order. */
export function focusables(root) {
  return [...root.querySelectorAll(focusable)].filter((e) => !e.disabled && e.tabIndex >= 0 && e.offsetParent !== null);
}

function nameOf(element) {
  return element.getAttribute("aria-label") ?? (element.labels?.[0] ?? element).textContent;
}

/**
 * keepFocus runs `redraw`, which may replace what is in `root`. Whoever had the
 * focus in there has it afterwards at what has the same name, the nearest one
 * where there are several, or at `root`.
 */
export function keepFocus(root, redraw) {
  const active = document.activeElement;
  if (!root.contains(active) || active === root) return redraw();
  const at = focusables(root).indexOf(active);
  const name = nameOf(active);
  const { selectionStart, selectionEnd } = active;
  redraw();
  if (document.activeElement === active) return;
  const same = focusables(root).map((element, i) => ({ element, far: Math.abs(i - at) }))
    .filter(({ element }) => element.tagName === active.tagName && nameOf(element) === name)
    .sort((a, b) => a.far - b.far)[0]?.element;
  (same ?? root).focus({ preventScroll: true });
  if (same?.tagName === "TEXTAREA") same.setSelectionRange(selectionStart, selectionEnd);
}
