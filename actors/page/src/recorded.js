// A recorded episode: replayed by the server from its inputs, looked at step by step here.

import { floats, json } from "./api.js";
import { count, make, verdict } from "./elements.js";
import { corner } from "./lists.js";
import { POSE, Stage } from "./stage.js";

// The running return, and where we are.
function plot(canvas, rewards, at) {
  const context = canvas.getContext("2d");
  const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
  const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
  let sum = 0;
  const sums = rewards.map((reward) => (sum += reward));
  const low = Math.min(0, ...sums);
  const high = Math.max(low + 1e-9, 0, ...sums);
  const x = (step) => (step / Math.max(rewards.length, 1)) * width;
  const y = (value) => height - 6 - ((value - low) / (high - low)) * (height - 12);
  context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color;
  context.lineWidth = 1.5 * devicePixelRatio;
  context.beginPath();
  context.moveTo(x(0), y(0));
  sums.forEach((value, step) => context.lineTo(x(step + 1), y(value)));
  context.stroke();
  context.globalAlpha = 0.4;
  context.fillRect(x(at), 0, devicePixelRatio, height);
  return sums;
}

export function recorded(view, id) {
  let stage;
  let over = false;
  let timer;
  const unlook = corner();
  const canvas = make("canvas", { class: "stage" });
  const slider = make("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "step" });
  const play = make("button", { disabled: true }, "Play");
  const speed = make("select", { "aria-label": "speed" }, ...[0.25, 1, 4].map((s) => make("option", { value: s, selected: s === 1 }, `${s}×`)));
  const text = make("span", { class: "faint", id: "frame" }, "the server replays the episode");
  const graph = make("canvas", { class: "plot" });
  const title = make("h1", {}, "Episode");
  view.replaceChildren(
    title,
    make("div", { class: "viewer" }, canvas, graph, make("div", { class: "bar" }, play, speed, slider, text)),
  );

  (async () => {
    const path = `/api/episodes/${encodeURIComponent(id)}`;
    const [episode, track, description] = await Promise.all([json(path), json(`${path}/trajectory`), json(`${path}/stage`)]);
    const poses = await floats(`${path}/poses`);
    if (over) return;
    title.replaceChildren(`${episode.scene}, seed ${episode.seed ?? "continued"} `, verdict(episode.verdict));
    stage = new Stage(canvas, description);
    const frame = POSE * description.bodies;
    const last = poses.length / frame - 1;
    slider.max = last;
    const show = () => {
      const at = Number(slider.value);
      stage.place(poses, at * frame);
      const sums = plot(graph, track.rewards, at);
      text.textContent = `step ${at} of ${last} · reward ${count(track.rewards[at - 1] ?? 0)} · return ${count(sums[at - 1] ?? 0)}`;
    };
    const stop = () => {
      clearInterval(timer);
      timer = undefined;
      play.textContent = "Play";
    };
    const start = () => {
      if (Number(slider.value) >= last) slider.value = 0;
      play.textContent = "Pause";
      const [begun, from] = [performance.now(), Number(slider.value)];
      timer = setInterval(() => {
        const steps = ((performance.now() - begun) / 1000 / track.dt) * Number(speed.value);
        slider.value = Math.min(last, from + steps);
        show();
        if (Number(slider.value) >= last) stop();
      }, 16);
    };
    play.disabled = false;
    play.addEventListener("click", () => (timer ? stop() : start()));
    speed.addEventListener("change", () => timer && (stop(), start()));
    slider.addEventListener("input", () => {
      stop();
      show();
    });
    show();
    stage.aim();
  })().catch((error) => {
    text.textContent = error.message;
    text.className = "error";
  });

  return () => {
    over = true;
    unlook();
    clearInterval(timer);
    stage?.close();
  };
}
