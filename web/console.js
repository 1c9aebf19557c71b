// SPDX-License-Identifier: MIT
// The console: what /api/v1 says, once a second. All that comes from clients is set as text, never as markup.

const $ = (id) => document.getElementById(id);
const history = new Map(); // bitrates of the last minute, by stream
const MINUTE = 60;
const LINES = 500;
let token = sessionStorage.getItem('token') ?? '', timer = 0, inspected = '', previewed = '', lastLine = 0, publishing = null;

class Refused extends Error {}

async function api(path, method = 'GET') {
  const answer = await fetch(`/api/v1/${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
  if (answer.status === 401) throw new Refused();
  if (!answer.ok) throw new Error((await answer.json()).title);
  return answer.status === 204 ? null : answer.json();
}

function cell(content, kind = '') {
  const td = document.createElement('td');
  td.className = kind;
  td.append(content ?? '');
  return td;
}

function row(...cells) {
  const tr = document.createElement('tr');
  tr.append(...cells);
  return tr;
}

function amount(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  while (bytes >= 1000 && i < units.length - 1) { bytes /= 1000; i++; }
  return `${bytes.toFixed(i && bytes < 100 ? 1 : 0)} ${units[i]}`;
}

const bitrate = (bytes) => (bytes ? `${(bytes * 8 / 1e6).toFixed(2)} Mbit/s` : '–');

function time(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  return parts.map((n) => String(n).padStart(2, '0')).join(':');
}

function spark(path, value) {
  const values = history.get(path) ?? [];
  values.push(value);
  if (values.length > MINUTE) values.shift();
  history.set(path, values);
  const most = Math.max(...values, 1), svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS(svg.namespaceURI, 'polyline');
  svg.setAttribute('viewBox', `0 0 ${MINUTE} 20`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  line.setAttribute('points', values.map((v, i) => `${MINUTE - values.length + i},${19 - 18 * v / most}`).join(' '));
  svg.append(line);
  return svg;
}

function link(path) {
  const a = document.createElement('a');
  a.href = `/watch/${path}`;
  a.textContent = path;
  return a;
}

function order(label, words, run) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = label;
  button.setAttribute('aria-label', words);
  button.addEventListener('click', () => Promise.resolve(run()).catch((error) => say(error.message)).then(look));
  return button;
}

function preview(path) {
  const isShown = previewed === path;
  return order(isShown ? 'Hide' : 'Preview', `${isShown ? 'Hide' : 'Preview'} ${path}`, () => {
    previewed = isShown ? '' : path;
    $('preview').hidden = !previewed;
    $('preview').src = previewed ? `/watch/${previewed}` : 'about:blank';
  });
}

// Rows are made anew each second: who is on a button of one stays there.
function refill(body, rows) {
  const held = document.activeElement?.getAttribute('aria-label');
  body.replaceChildren(...rows);
  if (held) for (const button of body.querySelectorAll('button')) if (button.getAttribute('aria-label') === held) button.focus();
}

function showStreams(items) {
  const live = items.filter((stream) => stream.live).sort((a, b) => a.path.localeCompare(b.path));
  refill($('streams').querySelector('tbody'), live.map((stream) => row(
    cell(link(stream.path)), cell(bitrate(stream.bytes_per_second)), cell(spark(stream.path, stream.bytes_per_second)),
    cell(String(stream.viewers), 'number'), cell(String(stream.skips), 'number'),
    cell(stream.key_interval_ms ? `${(stream.key_interval_ms / 1000).toFixed(1)} s` : '–', 'number'), cell(time(stream.seconds), 'number'),
    cell(preview(stream.path)))));
  $('streams').querySelector('table').hidden = !live.length;
  $('streams').querySelector('.empty').hidden = live.length > 0;
  for (const path of history.keys()) if (!live.some((stream) => stream.path === path)) history.delete(path);
}

const kick = (session) => order('Close', `Close the session of ${session.address}`, () => api(`sessions/${session.id}`, 'DELETE'));

function does(session) {
  const words = [];
  if (session.publishing) words.push('publishes');
  if (session.playing) words.push(session.playing > 1 ? `watches ${session.playing}` : 'watches');
  return words.join(', ') || '–';
}

function showSessions(items) {
  refill($('sessions').querySelector('tbody'), items.filter((session) => session.protocol !== 'http').sort((a, b) => b.seconds - a.seconds).slice(0, 500).map((session) => row(
    cell(session.address), cell(session.carrier === 'tcp' ? session.protocol : `${session.protocol} in ${session.carrier}`), cell(session.path),
    cell(session.client), cell(does(session)), cell(amount(session.bytes_in), 'number'), cell(amount(session.bytes_out), 'number'),
    cell(time(session.seconds), 'number'), cell(kick(session)))));
}

const roomPath = (app, room) => (room.name ? `${app}/${room.name}` : app);
const roomAddress = (app, room) => (room.name ? `apps/${app}/rooms/${room.name}` : `apps/${app}/hall`);

function inspect(app, room) {
  const address = roomAddress(app, room), label = inspected === address ? 'Hide' : 'Look';
  return order(label, `${label} into ${roomPath(app, room)}`, () => { inspected = inspected === address ? '' : address; });
}

async function showRooms(apps) {
  const withRooms = apps.filter((app) => app.enabled && app.type !== 'live').map((app) => app.name);
  const rooms = (await Promise.all(withRooms.map((app) => api(`apps/${app}/rooms`).then(
    ({ items }) => items.filter((room) => room.members || room.name).map((room) => [app, room]), () => [])))).flat();
  refill($('rooms').querySelector('tbody'), rooms.slice(0, 500).map(([app, room]) => row(
    cell(roomPath(app, room)), cell(room.capacity ? `${room.members} of ${room.capacity}` : String(room.members), 'number'),
    cell(String(room.objects), 'number'), cell(room.metadata ? JSON.stringify(room.metadata) : ''), cell(inspect(app, room)))));
  $('rooms').querySelector('table').hidden = !rooms.length;
  $('rooms').querySelector('.empty').hidden = rooms.length > 0;
  const whole = inspected ? await api(inspected).catch(() => null) : null;
  $('room').hidden = !whole;
  $('room').textContent = whole ? JSON.stringify({ members: whole.members, objects: whole.objects }, null, 2) : '';
}

function showRelays(items) {
  refill($('relays').querySelector('tbody'), items.flatMap((relay) => (relay.legs.length ? relay.legs : [{}]).map((leg) => row(
    cell(`${relay.kind} ${relay.name}`), cell(leg.stream ?? relay.stream), cell(relay.paused ? 'paused' : leg.error ? `${leg.state}: ${leg.error}` : leg.state ?? 'waits'),
    cell(leg.target), cell(leg.bytes ? amount(leg.bytes) : '–', 'number'),
    cell(order(relay.paused ? 'Resume' : 'Pause', `${relay.paused ? 'Resume' : 'Pause'} ${relay.name}`, () => api(`relays/${relay.name}/${relay.paused ? 'resume' : 'pause'}`, 'POST')))))));
  $('relays').hidden = !items.length;
}

async function showLog() {
  const { last, lines } = await api(`log?after=${lastLine}`);
  const pre = $('lines'), isAtEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;
  if (last < lastLine) pre.textContent = ''; // another run of the server
  for (const line of lines) pre.append(`${line}\n`);
  while (pre.childNodes.length > LINES) pre.firstChild.remove();
  lastLine = last;
  if (isAtEnd && lines.length) pre.scrollTop = pre.scrollHeight;
}

// What encoders are given; the key is told to administrators alone.
async function showPublish() {
  publishing ??= await api('publish').catch(() => ({ port: 1935, key: 'KEY' }));
  const host = publishing.port === 1935 ? location.hostname : `${location.hostname}:${publishing.port}`;
  const stream = $('name').value.trim() || 'cam', key = publishing.key ? `?key=${publishing.key}` : '';
  const url = `rtmp://${host}/live/${stream}${key}`;
  const ways = [['OBS: server', `rtmp://${host}/live`], ['OBS: stream key', `${stream}${key}`],
    ['ffmpeg', `ffmpeg -re -i FILE -c:v libx264 -g 60 -c:a aac -f flv '${url}'`],
    ['GStreamer', `gst-launch-1.0 -e videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 ! flvmux streamable=true ! rtmp2sink location='${url}'`]];
  $('ways').replaceChildren(...ways.map(([term, words]) => {
    const line = document.createElement('div'), dt = document.createElement('dt'), dd = document.createElement('dd'), code = document.createElement('code');
    dt.textContent = term;
    code.textContent = words;
    dd.append(code, order('Copy', `Copy ${term}`, () => navigator.clipboard.writeText(words)));
    line.append(dt, dd);
    return line;
  }));
}

function showServer(server) {
  const facts = [['version', server.version], ['up', time(server.seconds)], ['memory', amount(server.memory_bytes)],
    ['busy', server.workers.map((worker) => `${Math.round(worker.busy * 100)} %`).join(', ')]];
  if (server.draining) facts.push(['state', 'draining']);
  $('facts').replaceChildren(...facts.map(([term, words]) => {
    const line = document.createElement('div'), dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.textContent = term;
    dd.textContent = words;
    line.append(dt, dd);
    return line;
  }));
}

function say(words) { $('notice').textContent = words; }

function enter(isIn) {
  $('login').hidden = isIn;
  for (const id of ['streams', 'rooms', 'relays', 'sessions', 'log', 'leave']) $(id).hidden = !isIn;
  if (!isIn) { $('facts').replaceChildren(); $('token').focus(); }
}

async function look() {
  clearTimeout(timer);
  try {
    const [server, streams, sessions, apps, relays] = await Promise.all(['server', 'streams', 'sessions', 'apps', 'relays'].map((path) => api(path)));
    enter(true);
    showServer(server);
    showStreams(streams.items);
    showSessions(sessions.items);
    showRelays(relays.items);
    await Promise.all([showRooms(apps.items), showLog()]);
    say('');
  } catch (error) {
    if (error instanceof Refused) {
      enter(false);
      say(token ? 'This is not the token.' : '');
      return;
    }
    say(`The server does not answer: ${error.message}`);
  }
  timer = setTimeout(look, 1000);
}

$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  sessionStorage.setItem('token', token);
  look();
});
$('leave').addEventListener('click', () => {
  token = '';
  publishing = null;
  $('publish').open = false;
  sessionStorage.removeItem('token');
  look();
});
$('publish').addEventListener('toggle', () => { if ($('publish').open) showPublish(); });
$('name').addEventListener('input', showPublish);
look();
