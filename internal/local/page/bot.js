// What the renderer of blocks needs of the page, for one message or view.

import { call, say } from "./calls.js";
import { now } from "./clock.js";
import { showText } from "./dialog.js";
import { fresh } from "./dom.js";
import { nameOf, state } from "./state.js";

/**
 * access is how the blocks of `source` ({entry} or {view}) reach the bot. The
 * promise of `use` ends when the bot has answered, also where that failed: the
 * status line then says so.
 */
export function access(source, { values = {}, typed = new Map(), errors = {} } = {}) {
  return {
    now, name: nameOf, id: fresh, values, typed, errors, follow,
    use: (n, option) => call("use", { ...source, n, option }).catch((error) => say(error.message, true)),
    search: (n, text) => call("suggest", { ...source, n, typed: text }),
  };
}

/**
 * follow is called for a link, and gives true where the browser shall not open
 * it. A real CRM's opens in a new tab. In a played world there is nothing behind
 * a link, so it is shown where it leads.
 */
export function follow(url) {
  if (state.world.real && /^https?:/.test(url)) return false;
  showText("Where the link leads", "In Slack this opens", url);
  return true;
}
