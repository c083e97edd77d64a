// The world's clock, and how times and sizes are written.

import { on, state } from "./state.js";

/** now is the world's time in milliseconds. It runs on between two events. */
export function now() {
  return state.world ? state.world.now + performance.now() - state.received : Date.now();
}

const written = (options) => {
  const format = new Intl.DateTimeFormat("en-GB", options);
  return (ms) => format.format(ms);
};

/** time is the hour and the minute, where this computer is. */
export const time = written({ hour: "2-digit", minute: "2-digit" });

/** second is the time to the second. */
export const second = written({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** day is a weekday with its date. */
export const day = written({ weekday: "long", day: "numeric", month: "long" });

/** shortDay is a day in few letters. */
export const shortDay = written({ weekday: "short", day: "numeric", month: "short" });

/** took is a duration: "34 ms", or "4.2 s". */
export function took(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** size is a number of bytes: "345 B", or "2.1 kB". */
export function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}

/** ahead says by how many seconds the world is ahead of this computer, in the two longest units; empty: it is not. */
export function ahead(seconds) {
  const parts = [["d", 86400], ["h", 3600], ["min", 60]].map(([unit, length]) => {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    return count && `${count} ${unit}`;
  });
  const said = parts.filter(Boolean).slice(0, 2).join(" ");
  return said && `${said} ahead`;
}

/** everySecond runs `f` now, as the clock goes on, and when it is set. */
export function everySecond(f) {
  f();
  on("reset world", f);
  setInterval(f, 1000);
}
