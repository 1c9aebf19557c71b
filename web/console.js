// SPDX-License-Identifier: MIT
// The console: what /api/v1 says, once a second. All that comes from clients is set as text, never as markup.

const $ = (id) => document.getElementById(id);
const history = new Map(); // bitrates of the last minute, by stream
const MINUTE = 60;
let token = sessionStorage.getItem('token') ?? '', timer = 0, inspected = '';

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

function showStreams(items) {
  const live = items.filter((stream) => stream.live).sort((a, b) => a.path.localeCompare(b.path));
  $('streams').querySelector('tbody').replaceChildren(...live.map((stream) => row(
    cell(link(stream.path)), cell(bitrate(stream.bytes_per_second)), cell(spark(stream.path, stream.bytes_per_second)),
    cell(String(stream.viewers), 'number'), cell(String(stream.skips), 'number'),
    cell(stream.key_interval_ms ? `${(stream.key_interval_ms / 1000).toFixed(1)} s` : '–', 'number'), cell(time(stream.seconds), 'number'))));
  $('streams').querySelector('table').hidden = !live.length;
  $('streams').querySelector('.empty').hidden = live.length > 0;
  for (const path of history.keys()) if (!live.some((stream) => stream.path === path)) history.delete(path);
}

function kick(session) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Close';
  button.setAttribute('aria-label', `Close the session of ${session.address}`);
  button.addEventListener('click', () => api(`sessions/${session.id}`, 'DELETE').catch((error) => say(error.message)).then(look));
  return button;
}

function does(session) {
  const words = [];
  if (session.publishing) words.push('publishes');
  if (session.playing) words.push(session.playing > 1 ? `watches ${session.playing}` : 'watches');
  return words.join(', ') || '–';
}

function showSessions(items) {
  const body = $('sessions').querySelector('tbody'), held = document.activeElement?.getAttribute('aria-label');
  body.replaceChildren(...items.filter((session) => session.protocol !== 'http').sort((a, b) => b.seconds - a.seconds).slice(0, 500).map((session) => row(
    cell(session.address), cell(session.carrier === 'tcp' ? session.protocol : `${session.protocol} in ${session.carrier}`), cell(session.path),
    cell(session.client), cell(does(session)), cell(amount(session.bytes_in), 'number'), cell(amount(session.bytes_out), 'number'),
    cell(time(session.seconds), 'number'), cell(kick(session)))));
  if (held) for (const button of body.querySelectorAll('button')) if (button.getAttribute('aria-label') === held) button.focus();
}

const roomPath = (app, room) => (room.name ? `${app}/${room.name}` : app);
const roomAddress = (app, room) => (room.name ? `apps/${app}/rooms/${room.name}` : `apps/${app}/hall`);

function inspect(app, room) {
  const button = document.createElement('button'), address = roomAddress(app, room);
  button.type = 'button';
  button.textContent = inspected === address ? 'Hide' : 'Look';
  button.setAttribute('aria-label', `${button.textContent} into ${roomPath(app, room)}`);
  button.addEventListener('click', () => { inspected = inspected === address ? '' : address; look(); });
  return button;
}

async function showRooms(apps) {
  const withRooms = apps.filter((app) => app.enabled && app.type !== 'live').map((app) => app.name);
  const rooms = (await Promise.all(withRooms.map((app) => api(`apps/${app}/rooms`).then(
    ({ items }) => items.filter((room) => room.members || room.name).map((room) => [app, room]), () => [])))).flat();
  $('rooms').querySelector('tbody').replaceChildren(...rooms.slice(0, 500).map(([app, room]) => row(
    cell(roomPath(app, room)), cell(room.capacity ? `${room.members} of ${room.capacity}` : String(room.members), 'number'),
    cell(String(room.objects), 'number'), cell(room.metadata ? JSON.stringify(room.metadata) : ''), cell(inspect(app, room)))));
  $('rooms').querySelector('table').hidden = !rooms.length;
  $('rooms').querySelector('.empty').hidden = rooms.length > 0;
  const whole = inspected ? await api(inspected).catch(() => null) : null;
  $('room').hidden = !whole;
  $('room').textContent = whole ? JSON.stringify({ members: whole.members, objects: whole.objects }, null, 2) : '';
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
  for (const id of ['streams', 'rooms', 'sessions', 'leave']) $(id).hidden = !isIn;
  if (!isIn) { $('facts').replaceChildren(); $('token').focus(); }
}

async function look() {
  clearTimeout(timer);
  try {
    const [server, streams, sessions, apps] = await Promise.all(['server', 'streams', 'sessions', 'apps'].map((path) => api(path)));
    enter(true);
    showServer(server);
    showStreams(streams.items);
    showSessions(sessions.items);
    await showRooms(apps.items);
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
  sessionStorage.removeItem('token');
  look();
});
$('publish').textContent = `rtmp://${location.hostname}/live/NAME?key=KEY`;
look();
