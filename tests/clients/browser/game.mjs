// SPDX-License-Identifier: MIT
// Eight players in Chromium play a round of examples/game; one loads its page anew. PAGE, SERVER and SHOT say where.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.env.MODULES}/`)("playwright-core");
const n = 8;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const players = [];
for (let i = 0; i < n; i++) {
  const page = await (await browser.newContext()).newPage();
  page.on("pageerror", (error) => { throw error; });
  await page.goto(`${process.env.PAGE}#room=test&nick=player${i}&server=${process.env.SERVER}`);
  await page.waitForFunction(() => window.game?.state.get("phase"));
  players.push(page);
}

const stateOf = (page) => page.evaluate(() => Object.fromEntries([...window.game.state.slots].filter(([slot]) => slot !== "seconds").sort()));
const inkOf = (page) => page.evaluate(() => document.getElementById("sheet").getContext("2d").getImageData(0, 0, 800, 500).data.some(Boolean));

await Promise.all(players.map((page) => page.waitForFunction((all) =>
  window.game.state.get("phase") === "drawing" && Object.keys(window.game.state.get("scores")).length === all, n)));
const name = await players[0].evaluate(() => window.game.state.get("drawer"));
const drawer = players[Number(name.slice(6))];
const others = players.filter((page) => page !== drawer);

const sheet = await drawer.locator("#sheet").boundingBox();
await drawer.mouse.move(sheet.x + 50, sheet.y + 50);
await drawer.mouse.down();
await drawer.mouse.move(sheet.x + 300, sheet.y + 200, { steps: 10 });
await drawer.mouse.up();
await Promise.all(others.map((page) => page.waitForFunction(() =>
  document.getElementById("sheet").getContext("2d").getImageData(0, 0, 800, 500).data.some(Boolean))));

const member = await others[0].evaluate(() => window.game.room.member);
await others[0].reload();
await others[0].waitForFunction(() => window.game?.state.get("phase"));
assert.equal(await others[0].evaluate(() => window.game.room.member), member, "after loading anew it is somebody else");
assert.ok(await inkOf(others[0]), "the drawing is lost");

await others[1].fill("#text", "wrong");
await others[1].press("#text", "Enter");
await others[2].waitForFunction(() => document.getElementById("said").textContent.includes("wrong"));
await others[1].fill("#text", await drawer.evaluate(() => window.game.word));
await others[1].press("#text", "Enter");
await Promise.all(players.map((page) => page.waitForFunction(() => window.game.state.get("phase") === "pause")));
const states = await Promise.all(players.map(stateOf));
for (const state of states) assert.deepEqual(state, states[0]);
assert.equal(states[0].scores[name], 1);
if (process.env.SHOT) await drawer.screenshot({ path: process.env.SHOT });
await browser.close();
