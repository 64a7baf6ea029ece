// A running world: its bodies as the server sends them, some thirty times a second at most.

import { json } from "./api.js";
import { count, make } from "./elements.js";
import { corner } from "./lists.js";
import { Stage } from "./stage.js";

export function live(view, id) {
  let stage;
  let source;
  let over = false;
  const unlook = corner();
  const canvas = make("canvas", { class: "stage" });
  const text = make("span", { class: "faint", id: "frame" }, "waiting for a step");
  const lane = make("input", { type: "number", min: 0, value: 0, "aria-label": "lane" });
  const title = make("h1", {}, "Session");
  view.replaceChildren(
    title,
    make("div", { class: "viewer" }, canvas, make("div", { class: "bar" }, make("label", {}, "lane ", lane), text)),
  );

  const follow = () => {
    source?.close();
    source = new EventSource(`/api/sessions/${encodeURIComponent(id)}/live?lane=${Number(lane.value) || 0}`);
    source.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      stage.place(frame.poses);
      text.textContent = `step ${count(frame.step)} · reward ${count(frame.reward)} · return ${count(frame.episode_return)} over ${count(frame.episode_length)} steps`;
    };
    source.addEventListener("gone", () => {
      source.close();
      text.textContent = "this session has ended";
    });
    source.onerror = () => {
      text.textContent = "no connection to the server; trying again";
    };
  };

  (async () => {
    const session = await json(`/api/sessions/${encodeURIComponent(id)}`);
    const description = await json(`/api/sessions/${encodeURIComponent(id)}/stage`);
    if (over) return;
    title.textContent = `${session.scene}, ${session.num_envs} lanes`;
    lane.max = session.num_envs - 1;
    stage = new Stage(canvas, description);
    lane.addEventListener("change", follow);
    follow();
  })().catch((error) => {
    text.textContent = error.message;
    text.className = "error";
  });

  return () => {
    over = true;
    unlook();
    source?.close();
    stage?.close();
  };
}
