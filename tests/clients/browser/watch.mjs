// SPDX-License-Identifier: MIT
// The player page in Chromium: frames advance, the delay is small. PAGE and MODULES say where; SHOT: a picture's file.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.env.MODULES}/`)("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu",
  "--autoplay-policy=no-user-gesture-required", ...(process.env.BROWSER_FLAGS ?? "").split(" ").filter(Boolean)] });
const page = await browser.newPage({ viewport: { width: 960, height: 640 } });
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) complaints.push(message.text()); });
await page.goto(process.env.PAGE);
if (process.env.NOTICE) {
  await page.waitForFunction((words) => document.getElementById("notice").textContent.includes(words), process.env.NOTICE);
  console.log("told");
}
const playing = (at) => { const v = document.getElementById("video"); return v.currentTime > at && v.getVideoPlaybackQuality().totalVideoFrames > 10; };
await page.waitForFunction(playing, 0.5, { timeout: 60000 });
const at = await page.evaluate(() => document.getElementById("video").currentTime);
await page.waitForFunction(playing, at + 1, { timeout: 60000 });
if (process.env.TRACKS) { // of each kind; the smaller picture and the other sound are chosen
  const options = (id) => document.querySelectorAll(`#${id} option`).length;
  assert.deepEqual([await page.evaluate(options, "picture"), await page.evaluate(options, "track")], [3, 2]);
  await page.selectOption("#track", "1");
  await page.selectOption("#picture", { label: "90 lines" });
  await page.waitForFunction(() => document.getElementById("video").videoWidth === 160, undefined, { timeout: 60000 });
  const then = await page.evaluate(() => document.getElementById("video").currentTime);
  await page.waitForFunction(playing, then + 1, { timeout: 60000 });
  if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
  assert.equal(await page.evaluate(() => document.getElementById("track").value), "1");
  await page.selectOption("#picture", { label: "180 lines" });
  await page.waitForFunction(() => document.getElementById("video").videoWidth === 320, undefined, { timeout: 60000 });
}
const seen = await page.evaluate(() => ({ way: window.playhouse.way, behind: window.playhouse.behind(),
  size: [document.getElementById("video").videoWidth, document.getElementById("video").videoHeight],
  notice: document.getElementById("notice").textContent, facts: document.getElementById("facts").textContent }));
if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
await browser.close();
assert.deepEqual(complaints, []);
assert.equal(seen.way, process.env.WAY ?? "WebSocket FLV");
assert.deepEqual(seen.size, [320, 180]);
assert.equal(seen.notice, "");
assert.match(seen.facts, /avc1/);
assert.ok(seen.behind < 15, `${seen.behind} s behind`);
console.log(JSON.stringify(seen));
