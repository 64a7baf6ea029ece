// Sessions, scenes and episodes as tables and cards, kept fresh while they are looked at.

import { json, watch } from "./api.js";
import { count, figures, make, short, span, table, verdict } from "./elements.js";

const PAGE = 50;

// The corner of every view says whether the server answers.
const fresh = (path) => Promise.all([json("/api/status"), json(path)]);

export const corner = () => watch(() => json("/api/status"), heard, lost, 10);

function heard(state) {
  const element = document.getElementById("state");
  element.className = state.draining ? "lost" : "";
  element.textContent = state.draining ? "draining" : `up ${span(state.uptime_seconds)} · version ${state.version}`;
}

export function lost(error) {
  const element = document.getElementById("state");
  element.className = "lost";
  element.textContent = error.message.includes("fetch") ? "no answer from the server" : error.message;
}

export function sessions(view) {
  return watch(() => fresh("/api/sessions"), ([state, sessions]) => {
    heard(state);
    view.replaceChildren(
      figures([
        ["sessions", count(state.sessions)],
        ["lanes", count(state.lanes)],
        ["steps a second", count(state.steps_per_second)],
        ["steps in all", count(state.steps)],
        ["episodes stored", count(state.episodes)],
        ["store, MiB", count(state.store_bytes / 2 ** 20)],
      ]),
      table(
        [
          ["session", (s) => make("a", { href: `#/session/${s.id}` }, `${s.id} · watch`)],
          ["client", (s) => s.client],
          ["role", (s) => s.role],
          ["scene", (s) => s.scene],
          ["lanes", (s) => count(s.num_envs), "number"],
          ["steps", (s) => count(s.steps), "number"],
          ["steps/s", (s) => count(s.steps_per_second), "number"],
          ["episodes", (s) => count(s.episodes), "number"],
          ["idle", (s) => span(s.idle_seconds), "number"],
          ["state", (s) => s.state],
        ],
        sessions,
        "No session is open. In Python: hyperdust.connect(…) opens one.",
      ),
    );
  }, lost);
}

export function scenes(view) {
  return watch(() => fresh("/api/scenes"), ([state, scenes]) => {
    heard(state);
    const card = (s) =>
      make(
        "article",
        { class: "card" },
        make("img", { src: `/api/scenes/${encodeURIComponent(s.name)}/picture.png`, alt: s.title, loading: "lazy" }),
        make(
          "div",
          {},
          make("b", {}, s.title), " ", make("span", { class: "badge" }, s.provable ? "provable" : "attested"),
          make("p", { class: "faint" }, s.description),
          make("p", {}, make("code", {}, s.name), " · blueprint ", short(s.blueprint)),
        ),
      );
    view.replaceChildren(make("h1", {}, "Scenes"), make("div", { class: "cards" }, ...scenes.map(card)));
  }, lost, 30);
}

export function episodes(view, first) {
  const offset = Math.max(0, Number(first) || 0);
  return watch(() => fresh(`/api/episodes?offset=${offset}&limit=${PAGE}`), ([state, { total, episodes }]) => {
    heard(state);
    const link = (to, text) => make("a", { href: `#/episodes/${to}` }, text);
    view.replaceChildren(
      make("h1", {}, "Episodes"),
      table(
        [
          ["episode", (e) => make("a", { href: `#/episode/${e.id}` }, short(e.id))],
          ["scene", (e) => e.scene],
          ["seed", (e) => e.seed ?? "continued", "number"],
          ["steps", (e) => count(e.steps), "number"],
          ["return", (e) => count(e.episode_return), "number"],
          ["session", (e) => e.session],
          ["recorded", (e) => new Date(1000 * e.recorded_at).toLocaleString()],
          ["verdict", (e) => verdict(e.verdict)],
        ],
        episodes,
        "No episode is stored yet.",
      ),
      make(
        "div",
        { class: "pager" },
        offset > 0 ? link(Math.max(0, offset - PAGE), "newer") : null,
        make("span", { class: "faint" }, `${episodes.length ? offset + 1 : 0} to ${offset + episodes.length} of ${count(total)}`),
        offset + episodes.length < total ? link(offset + PAGE, "older") : null,
      ),
    );
  }, lost, 5);
}
