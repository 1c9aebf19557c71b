// SPDX-License-Identifier: MIT
// Sends every track of a file in real time with FFmpeg 8, which puts all but the first of a kind into multitrack messages
// of Enhanced RTMP: node publish_all_tracks.mjs FILE URL

Promise.withResolvers ??= () => {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};
const { Demuxer, Muxer } = await import("node-av");

const [file, url] = process.argv.slice(2);
const input = await Demuxer.open(file);
const output = await Muxer.open(url, { format: "flv" });
const places = input.streams.map((stream) => output.addStream(stream));
const begin = Date.now();
for await (const packet of input.packets()) {
  if (!packet) break;
  const { num, den } = input.streams[packet.streamIndex].timeBase;
  const early = begin + (Number(packet.dts) * 1000 * num) / den - Date.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  await output.writePacket(packet, places[packet.streamIndex]);
}
await output.close();
await input.close();
