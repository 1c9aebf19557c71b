// SPDX-License-Identifier: MIT
// The page of game.lua: index.html#room=NAME&nick=NAME&server=HOST:PORT, all of which may be left out.
import { connect } from "../../sdk/js/index.js";

const $ = (id) => document.getElementById(id);
const how = new URLSearchParams(location.hash.slice(1));
const server = how.get("server") ?? `${location.hostname}:1935`;
const nick = how.get("nick") ?? prompt("Who are you?") ?? "somebody";
const pen = $("sheet").getContext("2d");
let word = "";

function line(points) {
  pen.lineWidth = 4;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) pen.lineTo(points[i], points[i + 1]);
  pen.stroke();
}

const wipe = () => pen.clearRect(0, 0, 800, 500);

function say(text) {
  $("said").append(Object.assign(document.createElement("li"), { textContent: text }));
  $("said").lastChild.scrollIntoView();
}

function show(state) {
  const draws = state.get("phase") === "drawing" && state.get("drawer") === nick;
  $("status").textContent = { waiting: "waiting for others", drawing: `${state.get("drawer")} draws, ${state.get("seconds")} s`,
    pause: "next round in a moment" }[state.get("phase")];
  $("hint").textContent = draws ? word : state.get("hint");
  $("sheet").classList.toggle("drawing", draws);
  $("wipe").hidden = !draws;
  $("guess").hidden = draws;
  $("scores").replaceChildren(...Object.entries(state.get("scores") ?? {}).sort((a, b) => b[1] - a[1]).map(([name, score]) => {
    const row = document.createElement("tr");
    row.append(...[name, score].map((cell) => Object.assign(document.createElement("td"), { textContent: cell })));
    return row;
  }));
}

const room = await connect(`ws://${server}/ws/game/${how.get("room") ?? "table"}`, {
  args: [nick],
  resume: JSON.parse(sessionStorage.getItem("ticket") ?? "null"),
  on: {
    stroke: line,
    wiped: wipe,
    word: (it) => { word = it; },
    said: (name, text) => say(`${name}: ${text}`),
    won: (it, name) => say(`${name} knew it: ${it}`),
    over: (it) => say(`Nobody knew it: ${it}`),
  },
});
addEventListener("pagehide", () => sessionStorage.setItem("ticket", JSON.stringify(room.ticket)));

const state = await room.shared("state");
state.on("change", () => show(state));
show(state);
for (const stroke of await room.call("strokes")) line(stroke);

let stroke = null;
const place = ({ offsetX, offsetY }) => [offsetX * 800 / $("sheet").clientWidth, offsetY * 500 / $("sheet").clientHeight].map(Math.round);
const finish = () => {
  if (stroke?.length >= 4) room.call("draw", stroke.slice(0, 400)).catch((error) => say(error.message));
  stroke = null;
};
$("sheet").onpointerdown = (event) => { stroke = place(event); };
$("sheet").onpointermove = (event) => {
  if (!stroke) return;
  const last = stroke.slice(-2);
  stroke.push(...place(event));
  line([...last, ...stroke.slice(-2)]);
};
$("sheet").onpointerup = $("sheet").onpointerleave = finish;
$("wipe").onclick = () => room.call("wipe");
$("guess").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("text").value;
  $("text").value = "";
  await room.call("guess", text).catch((error) => say(error.message));
};

window.game = { room, state, get word() { return word; } }; // for the curious, and for tests
