// SPDX-License-Identifier: MIT
// The console in Chromium: log in, see the stream, close a session. PAGE, TOKEN and MODULES say where; SHOT: a picture's file.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.env.MODULES}/`)("playwright-core");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1100, height: 620 } });
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) complaints.push(message.text()); });
await page.goto(process.env.PAGE);
await page.fill("#token", "wrong");
await page.click("form button");
await page.waitForFunction(() => document.getElementById("notice").textContent === "This is not the token.");
await page.fill("#token", process.env.TOKEN);
await page.keyboard.press("Enter");
await page.waitForSelector("#streams tbody a");
await page.waitForSelector("#login", { state: "hidden" });
assert.equal(await page.getAttribute("#streams tbody a", "href"), "/watch/live/cam");
await page.waitForFunction(() => /Mbit\/s/.test(document.querySelector("#streams tbody").textContent));
await page.waitForFunction(() => document.querySelector("polyline").getAttribute("points").split(" ").length >= 3);
const room = page.locator("#rooms tbody tr", { hasText: "chat/blue" });
await room.locator("button").click();
await page.waitForFunction(() => JSON.parse(document.getElementById("room").textContent || '{"members":[]}').members.length === 1);
await page.waitForFunction(() => /publishing live\/cam/.test(document.getElementById("lines").textContent));
await page.click("#publish summary");
await page.waitForFunction(() => document.querySelectorAll("#ways code").length === 4);
assert.match(await page.textContent("#ways"), /rtmp:\/\/127\.0\.0\.1:\d+\/live\/cam\?key=[a-z0-9]{16,}/);
await page.fill("#name", "other");
await page.waitForFunction(() => /live\/other\?key=/.test(document.getElementById("ways").textContent));
if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT, fullPage: true });
await page.locator("#streams tbody tr", { hasText: "live/cam" }).locator("button").click();
const player = page.frameLocator("#preview");
await player.locator("video").waitFor();
for (let i = 0; ; i++) {
  const frame = page.frames().find((one) => one.url().includes("/watch/live/cam"));
  if (frame && await frame.evaluate(() => document.getElementById("video")?.currentTime > 0.5)) break;
  assert.ok(i < 300, "the preview plays");
  await page.waitForTimeout(100);
}
const guest = page.locator("#sessions tbody tr", { hasText: "chat/blue" });
await guest.locator("button").click();
await guest.waitFor({ state: "detached" });
await page.click("#leave");
await page.waitForSelector("#token:visible");
await browser.close();
assert.deepEqual(complaints, []);
