// SPDX-License-Identifier: MIT
// Plays /APP/STREAM of this host: FLV in a WebSocket, FLV by HTTP, HLS; whichever the browser can.

const stream = location.pathname.replace(/^\/watch\//, '').replace(/\/$/, '');
const video = document.getElementById('video');
const notice = document.getElementById('notice');
const facts = document.getElementById('facts');
const sound = document.getElementById('sound');
const choices = document.getElementById('choices');
const socketBase = location.origin.replace(/^http/, 'ws');

const RETRY_FIRST_MS = 1000, RETRY_MAX_MS = 10000;
const EDGE_S = 0.4;        // so far behind the newest frame we want to be
const CATCH_UP_S = 1.0;    // further behind, it plays a little faster
const JUMP_S = 4.0;        // further behind, it jumps

let retry = RETRY_FIRST_MS, player = null, way = null, failures = 0, lastError = '';

document.title = `${stream} · Playhouse`;
document.getElementById('name').textContent = stream;
if (window.parent !== window) document.body.classList.add('embedded');

function say(words) { notice.textContent = words; }

function playFlv(url, label) {
  const options = { enableWorker: false, enableStashBuffer: false, lazyLoad: false, autoCleanupSourceBuffer: true,
    autoCleanupMaxBackwardDuration: 30, autoCleanupMinBackwardDuration: 10, liveBufferLatencyChasing: false };
  player = mpegts.createPlayer({ type: 'flv', isLive: true, url }, options);
  way = label;
  player.on(mpegts.Events.ERROR, (kind, detail, info) => fail(`${detail}${info && info.msg ? `: ${info.msg}` : ''}`));
  player.on(mpegts.Events.LOADING_COMPLETE, () => fail('the stream has ended'));
  player.attachMediaElement(video);
  player.load();
}

// What may be chosen where a stream has several tracks; one alone is no choice.
function offer(id, names, chosen, choose) {
  const select = document.getElementById(id);
  select.replaceChildren(...names.map((name, i) => new Option(name, i)));
  select.selectedIndex = Math.max(chosen, 0);
  select.parentElement.hidden = names.length < 2;
  select.onchange = () => choose(Number(select.value));
  choices.hidden = [...choices.children].every((label) => label.hidden);
}

function offerTracks(hls) {
  const levels = hls.levels.map((level) => (level.height ? `${level.height} lines` : `${Math.round(level.bitrate / 1000)} kbit/s`));
  offer('picture', levels.length > 1 ? ['automatic', ...levels] : [], hls.autoLevelEnabled ? 0 : hls.nextLevel + 1, (i) => { hls.nextLevel = i - 1; });
  offer('track', hls.audioTracks.map((track) => track.name), hls.audioTrack, (i) => { hls.audioTrack = i; });
}

function playHls(url) {
  const hls = new Hls({ lowLatencyMode: true, enableWorker: false, backBufferLength: 30 });
  way = 'low-latency HLS';
  player = { destroy() { hls.destroy(); } };
  hls.on(Hls.Events.ERROR, (_, error) => { if (error.fatal) fail(error.details); });
  hls.on(Hls.Events.MANIFEST_PARSED, (_, found) => { player.codecs = found.levels[0].attrs.CODECS; });
  hls.on(Hls.Events.MANIFEST_PARSED, () => offerTracks(hls));
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => offerTracks(hls));
  hls.loadSource(url);
  hls.attachMedia(video);
}

function playNative(url) {
  way = 'HLS';
  video.src = url;
  player = { destroy() { video.removeAttribute('src'); video.load(); } };
}

// What this browser can do, best first; #hls in the address leaves the others out.
const ways = [];
if (window.mpegts && mpegts.isSupported() && location.hash !== '#hls') {
  ways.push(() => playFlv(`${socketBase}/${stream}.flv${location.search}`, 'WebSocket FLV'));
  ways.push(() => playFlv(`${location.origin}/${stream}.flv${location.search}`, 'HTTP FLV'));
}
if (window.Hls && Hls.isSupported()) ways.push(() => playHls(`/${stream}.m3u8${location.search}`));
if (video.canPlayType('application/vnd.apple.mpegurl')) ways.push(() => playNative(`/${stream}.m3u8${location.search}`));

async function start() {
  if (!ways.length) {
    say(`This browser can play neither Media Source Extensions nor HLS. Open ${location.origin}/${stream}.flv in VLC instead.`);
    return;
  }
  const found = await fetch(`/${stream}.flv${location.search}`, { method: 'HEAD' }).catch(() => null);
  if (found && !found.ok) {
    const why = (await fetch(`/${stream}.flv${location.search}`).then(r => r.text()).catch(() => '')).trim();
    say(found.status === 404 ? `Waiting for ${stream}: ${why || 'nobody publishes it'}.` : `This stream cannot be watched: ${why}.`);
    again();
    return;
  }
  if (!found) {
    say('The server cannot be reached.');
    again();
    return;
  }
  say('');
  ways[failures % ways.length]();
  video.play().catch(() => {});
}

function stop() {
  if (player) player.destroy();
  player = null;
  choices.hidden = true;
}

function again() {
  setTimeout(start, retry);
  retry = Math.min(retry * 2, RETRY_MAX_MS);
}

function fail(why) {
  if (!player) return;
  stop();
  failures++;
  lastError = why;
  say(`Interrupted: ${why}. Trying again.`);
  again();
}

function behind() {
  const b = video.buffered;
  return b.length ? b.end(b.length - 1) - video.currentTime : 0;
}

function chase() {
  const b = video.buffered;
  if (!player || !b.length || video.paused || !way.endsWith('FLV')) return; // players of HLS do it themselves
  if (video.currentTime < b.start(b.length - 1)) video.currentTime = b.start(b.length - 1);
  const lag = behind();
  if (lag > JUMP_S) video.currentTime = b.end(b.length - 1) - EDGE_S;
  video.playbackRate = lag > CATCH_UP_S ? 1.1 : 1;
}

function row(term, words) {
  const line = document.createElement('div'), dt = document.createElement('dt'), dd = document.createElement('dd');
  dt.textContent = term;
  dd.textContent = words;
  line.append(dt, dd);
  return line;
}

function show() {
  const rows = [], quality = video.getVideoPlaybackQuality ? video.getVideoPlaybackQuality() : null;
  const info = player && player.mediaInfo ? player.mediaInfo : {};
  if (player && way) rows.push(row('by', way));
  if (info.mimeType) rows.push(row('codecs', (/codecs="(.*)"/.exec(info.mimeType) || [])[1] || info.mimeType));
  else if (player && player.codecs) rows.push(row('codecs', player.codecs));
  if (video.videoWidth) rows.push(row('picture', `${video.videoWidth} × ${video.videoHeight}`));
  if (player && video.buffered.length) rows.push(row('behind', `${behind().toFixed(1)} s`));
  if (quality && quality.totalVideoFrames) rows.push(row('dropped', `${quality.droppedVideoFrames} of ${quality.totalVideoFrames} frames`));
  facts.replaceChildren(...rows);
}

video.addEventListener('playing', () => { retry = RETRY_FIRST_MS; failures = 0; say(''); sound.hidden = !video.muted; });
video.addEventListener('error', () => fail(video.error ? video.error.message || 'the browser cannot decode it' : 'unknown'));
video.addEventListener('volumechange', () => { sound.hidden = !video.muted; });
sound.addEventListener('click', () => { video.muted = false; video.play().catch(() => {}); });
setInterval(() => { chase(); show(); }, 500);

// For tests and for the curious.
window.playhouse = { stream, get way() { return way; }, get error() { return lastError; }, behind };
start();
