// blocks.js draws Block Kit as Slack does: messages, modals, Home tabs. It makes
// nodes and never parses markup, so that nothing in a message can become any.
//
// Why not slack-blocks-to-jsx (1.1.1), which draws more kinds of blocks: with React
// it is 1.2 MB, 276 kB compressed, and 7 kB of styles; this is 11 kB and 3 kB as it
// stands. It only draws: no button, menu or field tells what was done, and nothing is
// searched while one types. In verbatim text it leaves bold and links as typed, phone
// numbers always, and long words make a phone scroll sideways. It would bring about a
// hundred packages and a build to repeat; what ours costs is drawing a new kind of
// block ourselves.

const interactive = new Set(["button", "overflow", "static_select", "external_select", "radio_buttons", "checkboxes", "plain_text_input"]);

// drawMessage draws a message: its blocks, or its text where it has none. `to` is
// the page's side: see drawBlocks.
export function drawMessage(body, to) {
  const text = { type: "section", text: { type: "mrkdwn", text: body?.text ?? "" } };
  return drawBlocks(body?.blocks?.length ? body.blocks : [text], to);
}

// drawBlocks draws blocks as one element. What it does not know becomes a box
// with the type's name; it never throws. Of `to` it takes:
//   now()            the world's clock, in ms
//   name(id)         what a person, a channel or a group is called
//   use(n, option)   the nth interactive element was used; a promise. Checkboxes
//                    give a list of options. A choice in an input is told too: in
//                    a view it has to stay.
//   search(n, typed) a promise of {options} or {option_groups}
//   follow(url)      a link was followed; true if the browser shall not
//   id()             a fresh id for an element
//   values, typed, errors, each may be missing: state.values of a view; a Map of
//                    "block_id action_id" to what was typed there; sentences by
//                    block_id
export function drawBlocks(blocks, to) {
  const root = make("div", "blocks");
  const list = Array.isArray(blocks) ? blocks : [];
  const scene = { to, numbers: numbered(list) };
  for (const block of list) root.append(attempt(() => (drawn[block.type] ?? unknown)(block, scene), block));
  return root;
}

// plain is mrkdwn as a notification shows it.
export function plain(text, to) {
  return words(parse(text), to);
}

const wordsOf = new WeakMap(); // what a drawn date says now, by its element

// redate brings the dates in an element up to the world's clock, such as "2 minutes
// ago". That is no news: a log around them does not read it out.
export function redate(root) {
  for (const e of root.querySelectorAll(".bk-date")) {
    const words = wordsOf.get(e)();
    if (e.textContent !== words) e.textContent = words;
  }
}

// numbered counts interactive elements as the server does.
function numbered(blocks) {
  const numbers = new Map();
  for (const block of blocks) {
    const elements = Array.isArray(block?.elements) ? block.elements : [];
    for (const e of [block?.accessory, block?.element, ...elements]) {
      if (interactive.has(e?.type)) numbers.set(e, numbers.size);
    }
  }
  return numbers;
}

function attempt(draw, what) {
  try {
    return draw();
  } catch {
    return unknown(what);
  }
}

function unknown(what) {
  return make("div", "bk-unknown", `Not drawn here: ${what?.type ?? "something without a type"}`);
}

// make is an element with a class and children; nothing is left out of them.
function make(tag, name, ...children) {
  const e = document.createElement(tag);
  if (name) e.className = name;
  e.append(...children.filter((c) => c !== undefined && c !== null));
  return e;
}

function set(e, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) e.setAttribute(name, value);
  }
  return e;
}

// Blocks

const drawn = {
  __proto__: null,
  header: (b) => make(`h${2 + within(b.level ?? 1, 1, 4)}`, "bk-header", plainText(b.text)),
  divider: () => make("hr", "bk-divider"),
  section: drawSection,
  context: (b, s) => make("div", "bk-context", ...b.elements.map((e) => make("span", "bk-note", textOrElement(e, s)))),
  actions: (b, s) => make("div", "bk-actions", ...b.elements.map((e) => element(e, b, s))),
  rich_text: (b, s) => make("div", "bk-rich", ...b.elements.map((e) => attempt(() => richPart(e, s), e))),
  table: drawTable,
  input: drawInput,
  image: (b) => make("figure", "bk-figure", b.title && make("figcaption", "bk-note", plainText(b.title)), image(b)),
  markdown: (b) => make("div", "bk-text", b.text),
};

const within = (n, least, most) => Math.min(Math.max(n, least), most);

function drawSection(b, s) {
  const body = make("div", "bk-body");
  if (b.text) body.append(text(b.text, s));
  if (b.fields) body.append(make("div", "bk-fields", ...b.fields.map((f) => text(f, s))));
  const e = make("div", "bk-section", body);
  if (!b.accessory) return e;
  e.classList.add(`bk-with-${b.accessory.type}`);
  e.append(element(b.accessory, b, s));
  return e;
}

function textOrElement(e, s) {
  return e.type === "mrkdwn" || e.type === "plain_text" ? text(e, s) : element(e, undefined, s);
}

// image says what a picture shows; nothing is fetched from anywhere.
function image(e) {
  return set(make("span", "bk-image", e.alt_text), { role: "img", "aria-label": e.alt_text });
}

function drawTable(b, s) {
  const table = make("table", "bk-table");
  b.rows.forEach((row, at) => table.append(tableRow(row, at === 0, b.column_settings ?? [], s)));
  return scroller(table);
}

function tableRow(row, head, settings, s) {
  const cells = row.map((cell, at) => {
    const { align, is_wrapped: wraps } = settings[at] ?? {};
    const td = make(head ? "th" : "td", `bk-${align ?? "left"}${wraps ? " bk-wraps" : ""}`, tableCell(cell, s));
    return head ? set(td, { scope: "col" }) : td;
  });
  return make("tr", "", ...cells);
}

function tableCell(cell, s) {
  if (cell?.type === "rich_text") return drawn.rich_text(cell, s);
  return String(cell?.text ?? cell?.value ?? "");
}

// scroller can be scrolled with the keyboard while what it holds is too wide.
function scroller(table) {
  const box = make("div", "bk-scroller", table);
  new ResizeObserver(() => {
    const wide = box.scrollWidth > box.clientWidth;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Table, scrolls sideways"]]) {
      if (wide) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  }).observe(box);
  return box;
}

function drawInput(b, s) {
  const grouped = b.element.type === "radio_buttons" || b.element.type === "checkboxes";
  const control = element(b.element, b, s);
  const at = control.matches("input, textarea, fieldset") ? control : control.querySelector("input") ?? control;
  at.id ||= s.to.id();
  const label = set(make(grouped ? "div" : "label", "bk-label", plainText(b.label)), { id: s.to.id() });
  if (b.optional) label.append(make("span", "bk-optional", " (optional)"));
  if (grouped) at.setAttribute("aria-labelledby", label.id);
  else label.htmlFor = at.id;
  at.removeAttribute("aria-label");
  const notes = inputNotes(b, s);
  if (notes.length) at.setAttribute("aria-describedby", notes.map((n) => n.id).join(" "));
  if (s.to.errors?.[b.block_id]) at.setAttribute("aria-invalid", "true");
  if (!b.optional && !grouped) at.setAttribute("aria-required", "true");
  return make("div", "bk-input", label, control, ...notes);
}

function inputNotes(b, s) {
  const notes = [];
  const wrong = s.to.errors?.[b.block_id];
  if (wrong) notes.push(make("p", "bk-error", wrong));
  if (b.hint) notes.push(make("p", "bk-hint", plainText(b.hint)));
  return notes.map((n) => set(n, { id: s.to.id() }));
}

// Elements

const elements = {
  __proto__: null,
  button: drawButton,
  overflow: drawOverflow,
  static_select: (e, b, s) => drawSelect(e, b, s, ownOptions(e)),
  external_select: (e, b, s) => drawSelect(e, b, s, askedOptions(e, s)),
  radio_buttons: drawChoices,
  checkboxes: drawChoices,
  plain_text_input: drawTextInput,
  image,
};

function element(e, b, s) {
  return attempt(() => (elements[e.type] ?? unknown)(e, b, s), e);
}

function drawButton(e, b, s) {
  const button = make("button", `bk-button${e.style ? ` bk-${e.style}` : ""}`, plainText(e.text));
  set(button, { type: "button", "aria-label": e.accessibility_label });
  button.addEventListener("click", () => act(button, e, s, undefined, e.url));
  return button;
}

// act uses an element once it is confirmed. Until the answer is there it waits
// and cannot be used again.
async function act(control, e, s, option, url) {
  if (control.getAttribute("aria-busy") === "true") return false;
  if (e.confirm && !(await confirmed(e.confirm, s))) return false;
  if (url && !s.to.follow(url)) window.open(url, "_blank", "noopener,noreferrer");
  set(control, { "aria-busy": "true", "aria-disabled": "true" });
  try {
    await s.to.use(s.numbers.get(e), option);
  } catch {
    // The page says what went wrong.
  }
  control.removeAttribute("aria-busy");
  control.removeAttribute("aria-disabled");
  return true;
}

// confirmed asks, as Slack does before it lets people do something.
function confirmed(ask, s) {
  const title = set(make("h2", "bk-header", plainText(ask.title)), { id: s.to.id() });
  const words = set(make("div", "bk-body", text(ask.text, s)), { id: s.to.id() });
  const dialog = set(make("dialog", "bk-confirm"), { "aria-labelledby": title.id, "aria-describedby": words.id });
  const answer = (name, label, value) => {
    const button = set(make("button", `bk-button ${name}`, plainText(label)), { type: "button" });
    button.addEventListener("click", () => dialog.close(value));
    return button;
  };
  const yes = answer(`bk-${ask.style ?? "primary"}`, ask.confirm, "yes");
  dialog.append(title, words, make("div", "bk-answers", answer("", ask.deny, ""), yes));
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // what is below stays
  document.body.append(dialog);
  dialog.showModal();
  yes.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

// What pops up

function drawOverflow(e, b, s) {
  const button = set(make("button", "bk-button bk-more", "⋯"), { type: "button", "aria-label": "More options", "aria-haspopup": "menu", "aria-expanded": "false" });
  const menu = set(make("div", "bk-menu"), { role: "menu", "aria-label": "More options" });
  const popup = popUp(menu, button, "right");
  const leave = () => {
    button.focus();
    popup.hide();
  };
  menu.append(...e.options.map((o) => menuItem(o, () => {
    leave();
    act(button, e, s, o, o.url);
  })));
  opens(button, menu, popup);
  menu.addEventListener("keydown", (event) => moveInMenu(event, [...menu.children], leave));
  menu.addEventListener("focusout", ({ relatedTarget: to }) => menu.contains(to) || to === button || popup.hide());
  return make("span", "bk-holder", button, menu);
}

function menuItem(o, chosen) {
  const item = set(make("button", "bk-option", ...optionWords(o)), { type: "button", role: "menuitem", tabindex: "-1" });
  item.addEventListener("click", chosen);
  return item;
}

function opens(button, menu, popup) {
  const open = (item) => {
    if (button.getAttribute("aria-busy") === "true") return;
    popup.show();
    item.focus();
  };
  button.addEventListener("click", () => (popup.open() ? popup.hide() : open(menu.firstChild)));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    open(event.key === "ArrowDown" ? menu.firstChild : menu.lastChild);
  });
}

function moveInMenu(event, items, leave) {
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Escape") event.stopPropagation(); // a dialog around it stays
  if (event.key === "Escape" || event.key === "Tab") leave();
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length).focus();
}

// popUp makes an element one that pops up at a control, over everything, so that
// no frame cuts it off; it stays there while what is around scrolls.
function popUp(e, control, side) {
  let shown;
  e.popover = "manual";
  e.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays
  const open = () => e.matches(":popover-open");
  const put = () => place(e, control, side);
  const hide = () => {
    shown?.abort();
    if (open()) e.hidePopover();
    control.setAttribute("aria-expanded", "false");
  };
  const show = () => {
    hide();
    shown = new AbortController();
    e.showPopover();
    control.setAttribute("aria-expanded", "true");
    put();
    addEventListener("scroll", (event) => e.contains(event.target) || put(), { capture: true, signal: shown.signal });
    addEventListener("resize", put, { signal: shown.signal });
  };
  return { open, show, hide };
}

// place is below the control, or above it where there is more room.
function place(e, control, side) {
  const at = control.getBoundingClientRect();
  const below = innerHeight - at.bottom - 8, above = at.top - 8;
  e.style.width = side === "full" ? `${Math.max(at.width, 220)}px` : "";
  e.style.maxHeight = `${within(Math.max(below, above), 80, 320)}px`;
  const { width, height } = e.getBoundingClientRect();
  e.style.top = `${height <= below || below >= above ? at.bottom + 4 : at.top - 4 - height}px`;
  e.style.left = `${within(side === "right" ? at.right - width : at.left, 4, Math.max(4, innerWidth - width - 4))}px`;
}

function optionWords(o) {
  return [make("span", "bk-option-text", plainText(o.text)), o.description && make("span", "bk-option-note", plainText(o.description))];
}

function drawChoices(e, b, s) {
  const radio = e.type === "radio_buttons";
  const group = set(make("fieldset", "bk-choices"), { "aria-label": "Choices" });
  const name = s.to.id();
  const kept = stateOf(e, b, s);
  const chosen = kept ? [kept.selected_option, ...(kept.selected_options ?? [])] : [e.initial_option, ...(e.initial_options ?? [])];
  const boxes = e.options.map((o) => {
    const box = set(make("input"), { type: radio ? "radio" : "checkbox", name });
    box.checked = chosen.some((c) => c && c.value === o.value);
    group.append(make("label", "bk-choice", box, make("span", "", text(o.text, s), o.description && make("span", "bk-option-note", text(o.description, s)))));
    return box;
  });
  group.addEventListener("change", () => {
    const now = e.options.filter((_, at) => boxes[at].checked);
    act(group, e, s, radio ? now[0] : now);
  });
  return group;
}

const stateOf = (e, b, s) => s.to.values?.[b?.block_id]?.[e.action_id];

function drawTextInput(e, b, s) {
  const key = `${b.block_id} ${e.action_id}`;
  const field = make(e.multiline ? "textarea" : "input", "bk-field");
  set(field, { "aria-label": "Text", placeholder: e.placeholder && plainText(e.placeholder), minlength: e.min_length, maxlength: e.max_length, autocomplete: "off" });
  if (e.multiline) field.rows = 4;
  field.value = s.to.typed?.get(key) ?? stateOf(e, b, s)?.value ?? e.initial_value ?? "";
  field.addEventListener("input", () => s.to.typed?.set(key, field.value));
  return field;
}

// Menus with a field to type into. Each has a function that gives the options for
// what is typed, or a sentence.

const sameText = (s) => s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function ownOptions(e) {
  return async (typed) => {
    const fits = (o) => sameText(plainText(o.text)).includes(sameText(typed));
    return groupsOf(e).map((g) => ({ ...g, options: g.options.filter(fits) })).filter((g) => g.options.length);
  };
}

function askedOptions(e, s) {
  const least = e.min_query_length ?? 3;
  return async (typed) => {
    if ([...typed].length < least) return least === 1 ? "Type to search." : `Type ${least} characters or more.`;
    return groupsOf(await s.to.search(s.numbers.get(e), typed)).filter((g) => g.options.length);
  };
}

const groupsOf = (o) => o?.option_groups ?? [{ options: o?.options ?? [] }];

function drawSelect(e, b, s, find) {
  const kept = stateOf(e, b, s);
  const placeholder = plainText(e.placeholder) || "Choose an option";
  const list = set(make("div", ""), { role: "listbox", id: s.to.id(), "aria-label": placeholder });
  const box = make("div", "bk-menu", list);
  const field = set(make("input", "bk-field bk-combo"), {
    type: "text", role: "combobox", placeholder, "aria-label": placeholder, "aria-expanded": "false", "aria-controls": list.id,
    "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
  });
  const status = set(make("span", "bk-unseen"), { role: "status" });
  const menu = { e, s, find, field, list, box, popup: popUp(box, field, "full"), status, chosen: kept ? kept.selected_option : e.initial_option, options: [], at: -1, asked: 0 };
  show(menu);
  listen(menu);
  return make("span", `bk-holder bk-select${e.type === "external_select" ? " bk-external" : ""}`, field, box, status);
}

function listen(menu) {
  const { field } = menu;
  let wait;
  field.addEventListener("click", () => menu.popup.open() || open(menu, ""));
  field.addEventListener("focus", () => field.select());
  field.addEventListener("input", () => {
    clearTimeout(wait);
    mark(menu, -1); // what was found before is not meant
    wait = setTimeout(() => open(menu, field.value.trim()), menu.e.type === "external_select" ? 150 : 0);
  });
  field.addEventListener("blur", () => {
    clearTimeout(wait);
    close(menu);
  });
  field.addEventListener("keydown", (event) => pressed(event, menu));
}

function pressed(event, menu) {
  const opened = menu.popup.open();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    const next = menu.at + step, n = menu.options.length;
    if (opened) mark(menu, next < 0 ? n - 1 : next % n);
    else open(menu, "");
  } else if (event.key === "Enter" && opened) {
    event.preventDefault();
    if (menu.at >= 0) choose(menu, menu.options[menu.at].option);
  } else if (event.key === "Escape" && opened) {
    event.preventDefault();
    event.stopPropagation(); // a dialog around it stays
    close(menu);
  }
}

// open shows what there is for what is typed; an answer that comes late is not.
async function open(menu, typed) {
  if (menu.field.getAttribute("aria-busy") === "true") return;
  const asked = ++menu.asked;
  const found = await menu.find(typed).catch(() => "The list could not be read. Type again to try once more.");
  if (asked !== menu.asked || !menu.field.isConnected || document.activeElement !== menu.field) return;
  fillList(menu, found);
  menu.popup.show();
  const now = menu.options.findIndex(({ option }) => menu.chosen && option.value === menu.chosen.value);
  mark(menu, now >= 0 ? now : typed && menu.options.length ? 0 : -1);
}

function fillList(menu, found) {
  const sentence = typeof found === "string" ? found : found.length ? "" : "No results.";
  menu.options = [];
  menu.list.replaceChildren(...(sentence ? [] : found.map((g) => optionGroup(menu, g))));
  menu.box.querySelector(".bk-nothing")?.remove();
  if (sentence) menu.box.append(make("div", "bk-nothing", sentence));
  const n = menu.options.length;
  menu.status.textContent = sentence || (n === 1 ? "1 result" : `${n} results`);
}

function optionGroup(menu, g) {
  const group = make("div", "");
  if (g.label) {
    const label = set(make("div", "bk-group", plainText(g.label)), { id: menu.s.to.id() });
    set(group, { role: "group", "aria-labelledby": label.id }).append(label);
  } else {
    group.setAttribute("role", "presentation");
  }
  for (const option of g.options) {
    const row = set(make("div", "bk-option", ...optionWords(option)), { role: "option", id: menu.s.to.id(), "aria-selected": "false" });
    row.addEventListener("click", () => choose(menu, option));
    menu.options.push({ option, row });
    group.append(row);
  }
  return group;
}

// mark makes one option the active one, or none.
function mark(menu, at) {
  menu.at = at;
  menu.options.forEach(({ row }, i) => row.setAttribute("aria-selected", String(i === menu.at)));
  const row = menu.options[menu.at]?.row;
  if (!row) return menu.field.removeAttribute("aria-activedescendant");
  menu.field.setAttribute("aria-activedescendant", row.id);
  row.scrollIntoView({ block: "nearest" });
}

async function choose(menu, option) {
  const before = menu.chosen;
  menu.chosen = option;
  close(menu);
  if (!(await act(menu.field, menu.e, menu.s, option))) menu.chosen = before;
  show(menu);
}

function close(menu) {
  menu.asked++;
  menu.popup.hide();
  menu.at = -1;
  menu.field.removeAttribute("aria-activedescendant");
  menu.status.textContent = "";
  show(menu);
}

function show(menu) {
  menu.field.value = menu.chosen ? plainText(menu.chosen.text) : "";
}

// Text

function text(t, s) {
  if (t.type === "plain_text") return make("div", "bk-text", plainText(t));
  return make("div", "bk-text", ...nodes(parse(t.text, t.verbatim), s));
}

function plainText(t) {
  const words = t?.text ?? "";
  return t?.emoji === false ? words : words.replace(/:([a-z0-9_+-]+):/g, (all, name) => emoji[name] ?? all);
}

// emoji are those that are likely in what a bot about people says; others show
// their names.
const emoji = {
  __proto__: null,
  eyes: "👀", warning: "⚠️", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", question: "❓", wave: "👋", lock: "🔒", key: "🔑",
  hourglass_flowing_sand: "⏳", hourglass: "⌛", mag: "🔍", bell: "🔔", tada: "🎉", "+1": "👍", "-1": "👎", pray: "🙏", rotating_light: "🚨",
  information_source: "ℹ️", no_entry: "⛔", bust_in_silhouette: "👤", busts_in_silhouette: "👥", telephone_receiver: "📞", email: "📧",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", smile: "😄", slightly_smiling_face: "🙂",
};

const undone = (s) => s.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);

// parse gives the parts of mrkdwn: strings, and objects with a kind. Verbatim text
// has no links but those in angle brackets.
function parse(mrkdwn, verbatim) {
  return String(mrkdwn ?? "").split(/(```[^]+?```)/).flatMap((part, at) => {
    if (at % 2) return [{ kind: "pre", text: undone(bare(part.slice(3, -3)).replace(/^\n|\n$/g, "")) }];
    return quotes(part, verbatim);
  });
}

// bare is code as it is shown: of what is in angle brackets only the words.
const bare = (code) => code.replace(/<([^<>|]+)\|?([^<>]*)>/g, (_, target, label) => label || target);

function quotes(part, verbatim) {
  const parts = [];
  for (const run of part.split(/((?:^(?:>|&gt;).*(?:\n|$))+)/m)) {
    if (/^(>|&gt;)/.test(run)) {
      parts.push({ kind: "quote", parts: inline(run.replace(/^(?:>|&gt;) ?/gm, "").replace(/\n$/, ""), verbatim) });
    } else if (run) {
      parts.push(...inline(run, verbatim));
    }
  }
  return parts;
}

const before = "(?<![\\p{L}\\p{N}])";
const after = "(?![\\p{L}\\p{N}])";
const styled = (mark) => `${before}[${mark}](?=[^\\s${mark}])[^\\n${mark}]*?(?<!\\s)[${mark}]${after}`;
const pieces = new RegExp(`<[^<>\\n]+>|${before}\`[^\`\\n]+\`${after}|${styled("*")}|${styled("_")}|${styled("~")}|:[a-z0-9_+-]+:|https?://[^\\s<>|]+[^\\s<>|.,;:!?)'"]`, "gu");
const marks = { "*": "bold", _: "italic", "~": "strike" };

function inline(s, verbatim) {
  const parts = [];
  let at = 0;
  for (const { 0: piece, index } of s.matchAll(pieces)) {
    const part = read(piece, verbatim);
    if (part === undefined) continue;
    parts.push(undone(s.slice(at, index)), part);
    at = index + piece.length;
  }
  parts.push(undone(s.slice(at)));
  return parts.filter((p) => p !== "");
}

// read is one piece; undefined if it is not what it looks like.
function read(piece, verbatim) {
  if (piece[0] === "<") return bracket(piece.slice(1, -1));
  if (piece[0] === "`") return { kind: "code", text: undone(bare(piece.slice(1, -1))) };
  if (marks[piece[0]]) return { kind: marks[piece[0]], parts: inline(piece.slice(1, -1), verbatim) };
  if (piece[0] === ":") return emoji[piece.slice(1, -1)];
  return verbatim ? undefined : { kind: "link", url: undone(piece), label: undone(piece) };
}

function bracket(inside) {
  const cut = inside.indexOf("|");
  const target = undone(cut < 0 ? inside : inside.slice(0, cut));
  const label = cut < 0 ? "" : undone(inside.slice(cut + 1));
  const [command, id, format] = target.split("^");
  if (/^@[UW]/.test(target)) return { kind: "user", id: target.slice(1), label };
  if (/^#[CGD]/.test(target)) return { kind: "channel", id: target.slice(1), label };
  if (command === "!subteam") return { kind: "usergroup", id, label };
  if (command === "!date") return { kind: "date", timestamp: Number(id), format, url: target.split("^")[3], label };
  if (/^!(here|channel|everyone)$/.test(target)) return { kind: "broadcast", range: target.slice(1) };
  if (safe(target)) return { kind: "link", url: target, label: label || target.replace(/^(mailto|tel):/, "") };
  return undefined;
}

// safe is for links that may be followed: never a script.
const safe = (url) => /^(https?:\/\/|mailto:|tel:|slack:)/i.test(url);

const tags = { __proto__: null, bold: "b", italic: "i", strike: "s", underline: "u", quote: "blockquote" };

const nodes = (parts, s) => parts.map((p) => (typeof p === "string" ? p : node(p, s)));

function node(p, s) {
  switch (p.kind) {
    case "code": return make("code", "bk-code", p.text);
    case "pre": return make("pre", "bk-pre", p.text);
    case "link": return link(p.url, p.label, s);
    case "date": {
      const time = dated(p, s);
      return p.url && safe(p.url) ? link(p.url, time, s) : time;
    }
    case "user": case "channel": case "usergroup": case "broadcast": return make("span", "bk-mention", words([p], s.to));
    default: return make(tags[p.kind], p.kind === "quote" ? "bk-quote" : "", ...nodes(p.parts, s));
  }
}

// words are the words alone.
function words(parts, to) {
  return parts.map((p) => {
    if (typeof p === "string") return p;
    switch (p.kind) {
      case "code": case "pre": return p.text;
      case "link": return p.label;
      case "date": return dateWords(p, to);
      case "user": case "usergroup": return `@${(p.label || to.name(p.id) || p.id).replace(/^@/, "")}`;
      case "channel": return `#${(p.label || to.name(p.id) || p.id).replace(/^# ?/, "")}`;
      case "broadcast": return `@${p.range}`;
      case "quote": return `${words(p.parts, to)}\n`;
      default: return words(p.parts, to);
    }
  }).join("");
}

function link(url, label, s) {
  const a = set(make("a", "bk-link", label), { href: url, rel: "noreferrer", target: /^http/i.test(url) ? "_blank" : undefined });
  a.addEventListener("click", (event) => {
    if (s.to.follow(url)) event.preventDefault();
  });
  return a;
}

// Rich text

function richPart(e, s) {
  switch (e.type) {
    case "rich_text_section": return make("div", "bk-text", ...richInline(e.elements, s));
    case "rich_text_quote": return make("blockquote", "bk-quote", ...richInline(e.elements, s));
    case "rich_text_preformatted": return make("pre", "bk-pre", ...richInline(e.elements, s));
    case "rich_text_list": return richList(e, s);
    default: return unknown(e);
  }
}

function richList(e, s) {
  const ordered = e.style === "ordered";
  const list = make(ordered ? "ol" : "ul", "bk-items", ...e.elements.map((item) => make("li", "", attempt(() => richPart(item, s), item))));
  list.style.setProperty("--indent", within(e.indent ?? 0, 0, 8));
  if (ordered && e.offset) list.start = e.offset + 1;
  return list;
}

const richInline = (list, s) => list.map((e) => attempt(() => richLeaf(e, s), e));

function richLeaf(e, s) {
  const kind = { text: "text", link: "link", emoji: "emoji", date: "date", user: "user", channel: "channel", usergroup: "usergroup", broadcast: "broadcast", color: "color" }[e.type];
  if (!kind) return unknown(e);
  let leaf = e.text ?? "";
  if (kind === "link") leaf = safe(e.url) ? link(e.url, e.text || e.url, s) : e.text || e.url;
  else if (kind === "emoji") leaf = glyph(e);
  else if (kind === "color") leaf = e.value;
  else if (kind !== "text") leaf = node({ kind, ...e, id: e.user_id ?? e.channel_id ?? e.usergroup_id, label: e.fallback }, s);
  for (const [style, on] of Object.entries(e.style ?? {})) {
    if (on) leaf = style === "code" ? make("code", "bk-code", leaf) : tags[style] ? make(tags[style], "", leaf) : leaf;
  }
  return leaf;
}

function glyph(e) {
  if (e.unicode) return String.fromCodePoint(...e.unicode.split("-").map((code) => parseInt(code, 16)));
  return emoji[e.name] ?? `:${e.name}:`;
}

// Dates, in the browser's time zone

const locale = /^en-/.test(globalThis.navigator?.language ?? "") ? navigator.language : "en-GB";
const shape = (options) => new Intl.DateTimeFormat(locale, options);
const year = "numeric";
const day = "numeric";
const formats = {
  date_num: { format: (at) => [at.getFullYear(), pad(at.getMonth() + 1), pad(at.getDate())].join("-") },
  date: shape({ day, month: "long", year }),
  date_short: shape({ day, month: "short", year }),
  date_long: shape({ weekday: "long", day, month: "long", year }),
  time: shape({ hour: "numeric", minute: "2-digit" }),
  time_secs: shape({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
};
const pad = (n) => String(n).padStart(2, "0");
const full = shape({ dateStyle: "full", timeStyle: "long" });

function dated(p, s) {
  const at = new Date(p.timestamp * 1000);
  const e = set(make("time", "bk-date", dateWords(p, s.to)), { "aria-live": "off" });
  wordsOf.set(e, () => dateWords(p, s.to));
  return isNaN(at) ? e : set(e, { datetime: at.toISOString(), title: full.format(at) });
}

// dateWords is a date as its format asks, or the fallback where that cannot be.
function dateWords({ timestamp, format, label }, to) {
  const at = new Date(timestamp * 1000);
  let known = !isNaN(at) && typeof format === "string";
  const said = known && format.replace(/\{(\w*)\}/g, (_, name, index) => {
    const is = oneDate(name, at, new Date(to.now()));
    known &&= is !== undefined;
    return index === 0 && name !== "ago" ? capital(is) : is;
  });
  return known ? said.replace(/\u202f/g, " ") : label ?? "";
}

const capital = (s) => (s ? s[0].toUpperCase() + s.slice(1) : s);

function oneDate(name, at, now) {
  if (name === "ago") return ago((at - now) / 1000);
  const base = name.replace(/_pretty$/, "");
  if (base !== name && base.startsWith("date")) {
    const near = ["yesterday", "today", "tomorrow"][midnights(at, now) + 1];
    if (near) return near;
  }
  return Object.hasOwn(formats, base) ? formats[base].format(at) : undefined;
}

// midnights is how many days lie between two times as calendars count them.
function midnights(at, now) {
  const count = (d) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  return (count(at) - count(now)) / 86_400_000;
}

const steps = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });

function ago(seconds) {
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  return unit ? relative.format(Math.trunc(seconds / size), unit) : "just now";
}
