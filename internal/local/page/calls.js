// What the page asks of the server, and the line that says what came of it.

/** stopped is what is said while nobody answers. */
export const stopped = "The bot has stopped. Start it again with make run.";

/**
 * call posts to /api/NAME and gives the answer. It throws an Error with a
 * sentence to show where the server refuses or does not answer.
 */
export async function call(name, body) {
  let reply;
  try {
    reply = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error(stopped);
  }
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(answer.error ?? `The server answered ${reply.status}.`);
  return answer;
}

const lasting = 8000; // milliseconds that a sentence covers a narrow window
let timer = 0;

/** say shows a sentence in the status line. In a narrow window it goes after a while. */
export function say(sentence, failed = false) {
  const line = document.querySelector(".status");
  line.textContent = sentence;
  line.className = failed ? "status failed" : "status";
  clearTimeout(timer);
  timer = setTimeout(leave, lasting);
}

/** leave gives a narrow window back to what the status line covers. */
export function leave() {
  document.querySelector(".status").classList.add("old");
}

/**
 * attempt is `call` for what has nowhere else to show a refusal: the status
 * line does. The answer is undefined then.
 */
export async function attempt(name, body) {
  try {
    return await call(name, body);
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}
