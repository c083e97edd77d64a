// What the server has told of the world and of the conversations. Whoever draws
// reads it from here and is told what has changed.

const most = { entries: 400, exchanges: 200, lines: 1000 };

/** state is what is known. Nobody but this file writes it. */
export const state = {
  world: null,
  received: 0, // when the world was told, by performance.now()
  entries: new Map(), // by id, in their order
  exchanges: new Map(),
  lines: [],
  modal: null,
  home: null,
  connected: true,
};

const listeners = new Map();

/**
 * on calls `f` after each change of a kind: reset, world, entry, exchange,
 * line, modal, home, connected. It gets what the server sent. Several kinds
 * stand with spaces between.
 */
export function on(kinds, f) {
  for (const kind of kinds.split(" ")) {
    if (!listeners.has(kind)) listeners.set(kind, []);
    listeners.get(kind).push(f);
  }
}

function tell(kind, data) {
  for (const f of listeners.get(kind) ?? []) f(data);
}

const changes = {
  reset(all) {
    changes.world(all.world);
    state.entries = new Map(all.entries.map((e) => [e.id, e]));
    state.exchanges = new Map(all.exchanges.map((x) => [x.id, x]));
    state.lines = all.lines;
    state.modal = all.modal;
    state.home = all.home;
  },
  world(world) {
    state.world = world;
    state.received = performance.now();
  },
  entry(entry) {
    if (entry.gone) state.entries.delete(entry.id);
    else state.entries.set(entry.id, entry);
    forget(state.entries, most.entries);
  },
  exchange(exchange) {
    state.exchanges.set(exchange.id, exchange);
    forget(state.exchanges, most.exchanges);
  },
  line(line) {
    state.lines.push(line);
    state.lines.splice(0, state.lines.length - most.lines);
  },
  modal(view) {
    state.modal = view;
  },
  home(view) {
    state.home = view;
  },
};

// forget drops the oldest of too many, as the server does.
function forget(all, count) {
  for (const id of all.keys()) {
    if (all.size <= count) return;
    all.delete(id);
  }
}

/** listen takes over what the server tells, until the page is left. */
export function listen() {
  const source = new EventSource("/api/events");
  for (const kind of Object.keys(changes)) {
    source.addEventListener(kind, (event) => {
      const data = JSON.parse(event.data);
      changes[kind](data);
      tell(kind, data);
    });
  }
  source.addEventListener("open", () => connect(true));
  source.addEventListener("error", () => connect(false));
}

function connect(connected) {
  state.connected = connected;
  tell("connected", connected);
}

/** nameOf is how a user, a channel or the app is called; the id of others. */
export function nameOf(id) {
  const { world } = state;
  const known = [world.app, world.channel, ...world.askers].find((one) => one.id === id);
  return known?.name ?? id;
}
