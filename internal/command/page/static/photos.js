// The page of a network of photos: what the camera sees, or a file holds, goes to
// the server, as a sample or as a question.

import * as camera from './camera.js';
import * as show from './show.js';
import * as teach from './teach.js';

const $ = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

const pause = 100; // ms between two frames at least
const most = 8; // answers that are shown of a network with many classes

const missing = camera.missing();

let state = null;

function complain(error) {
  $('alert').hidden = !error;
  $('alert').textContent = error ? error.message : '';
}

function mark() {
  const names = show.frozen(teach.last());
  $('trained-names').textContent = `trained: ${names.join(', ')}; all else frozen`;
}

// setState takes what an answer says, all of the state or a part.
function setState(answer) {
  const [all, ended] = teach.merged(state, answer);
  const other = JSON.stringify([all.classes, all.taught]) !== JSON.stringify([state?.classes, state?.taught]);
  state = all;
  if (other) {
    show.network(state, most);
    nothing();
  }
  teach.classes(state, (c) => `${c.count - c.held} + ${c.held} held out`, picture, remove);
  mark();
  $('last-2').hidden = state.limits.last < 2;
  if (ended) throw ended;
}

const load = async () => setState(await (await teach.ask('GET', '/state')).json());

// Pictures stay while the list around them is made anew.
const pictures = new Map();

function picture(c) {
  if (!pictures.has(c.name)) pictures.set(c.name, show.element('img'));
  const img = pictures.get(c.name);
  const src = `/samples?class=${encodeURIComponent(c.name)}&version=${state.session}-${c.count}-${c.held}`;
  if (img.getAttribute('src') !== src) img.src = src;
  img.alt = `The latest of ${c.count} photos of ${c.name}`;
  return img;
}

// Adding.

const latest = new Map(); // how many photos the last addition to a class brought
let adding = false;

const named = () => {
  const name = $('class').value.trim();
  if (name) return name;
  $('class').focus();
  throw new Error('Name the class first.');
};

const send = async (name, blob) => (await teach.ask('POST', `/samples?class=${encodeURIComponent(name)}`, blob)).json();

// add adds what next() returns, until that is null, to the class that is named.
// next returns a name, '' of a frame, and a function that returns the file.
async function add(of, next) {
  if (adding) return;
  complain(null);
  let name;
  try { name = named(); } catch (error) { complain(error); return; }
  adding = true;
  $('stop').setAttribute('aria-disabled', false);
  let done = 0, copies = 0, shown = 0, answer = null;
  const bad = [];
  for (let item = next(); item && adding; item = next()) {
    try {
      answer = await send(name, await item.file());
      if (answer.copied) copies++; else done++;
    } catch (error) {
      bad.push(item.name ? `${item.name}: ${error.message}` : error.message);
      if (error.status === 503 || !item.name) break; // the next frame would fare no better
    }
    $('added').textContent = `${name}: ${done} added${of ? ` of ${of}` : ''}.`;
    if (answer && performance.now() - shown > 400) {
      shown = performance.now();
      try { setState(answer); } catch (error) { complain(error); }
    }
  }
  adding = false;
  $('stop').setAttribute('aria-disabled', true);
  latest.set(name, Math.max(1, done));
  if (copies > 0) $('added').textContent = `${name}: ${done} added; ${copies} already there.`;
  try {
    if (answer) setState(answer);
    if (bad.length > 0) complain(new Error(bad.length === 1 ? bad[0] : `${bad.length} could not be added. The first: ${bad[0]}`));
  } catch (error) {
    complain(error);
  }
}

function addFiles(files) {
  const list = [...files];
  const of = list.length;
  return add(of, () => {
    const file = list.shift();
    return file && { name: file.name, file: () => camera.fitted(file, state.limits) };
  });
}

async function remove(name, what) {
  const n = what === 'latest' ? `latest=${latest.get(name) ?? 1}` : 'what=all';
  latest.delete(name);
  try {
    setState(await (await teach.ask('DELETE', `/samples?class=${encodeURIComponent(name)}&${n}`)).json());
    complain(null);
  } catch (error) {
    complain(error);
  }
}

$('add').addEventListener('submit', (event) => event.preventDefault());

$('files').addEventListener('change', async (event) => {
  const files = [...event.target.files];
  event.target.value = '';
  if (files.length > 0) await addFiles(files);
});

document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) document.body.classList.remove('dropping'); });
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dropping');
  if (event.dataTransfer.files.length > 0) addFiles(event.dataTransfer.files);
});

// The camera, and recording while a button is held.

function showCamera() {
  const on = camera.isOn();
  $('video').hidden = !on;
  $('no-camera').hidden = on;
  $('seen').hidden = !on;
  $('camera').textContent = on ? 'Stop the camera' : 'Start the camera';
}

async function startCamera() {
  try {
    await camera.start(() => { showCamera(); complain(new Error('The camera has gone.')); });
    complain(null);
    showCamera();
    still = null;
    watch();
  } catch (error) {
    complain(error);
  }
}

$('camera').addEventListener('click', () => {
  if (!camera.isOn()) return startCamera();
  camera.stop();
  return showCamera();
});

let held = false;

async function record() {
  if (held) return;
  held = true;
  if (!camera.isOn()) await startCamera();
  if (!camera.isOn()) { held = false; return; }
  let first = true, last = 0;
  $('record').classList.add('held');
  await add(0, () => (held || first) && camera.isOn() && {
    name: '',
    file: async () => {
      first = false;
      await wait(last + pause - performance.now());
      last = performance.now();
      return camera.frame(state.limits.side);
    },
  });
  $('record').classList.remove('held');
  held = false;
}

const release = () => { held = false; };

$('record').addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  event.target.setPointerCapture(event.pointerId);
  record();
});
for (const end of ['pointerup', 'pointercancel', 'blur']) $('record').addEventListener(end, release);
$('record').addEventListener('contextmenu', (event) => event.preventDefault()); // a long touch
$('record').addEventListener('keydown', (event) => {
  if (event.key !== ' ' && event.key !== 'Enter') return;
  event.preventDefault();
  if (!event.repeat) record();
});
$('record').addEventListener('keyup', release);

// The answer.

let still = null; // the file that is asked about, instead of the camera
let visible = false; // the look inside
let lookedAt = 0, spokenAt = 0;

new IntersectionObserver((entries) => { visible = entries.at(-1).isIntersecting; }).observe($('layers'));

function nothing() {
  show.nothing(missing ? 'Ask about a photo.' : 'Start the camera, or ask about a photo.');
  $('seen').textContent = '';
}

// predict shows the answer for a picture: of the camera's, or of the file about. An answer
// that comes when the page is no longer about it is dropped.
async function predict(blob, inside, about) {
  if (still !== about) return;
  const began = performance.now();
  const p = await (await teach.ask('POST', `/predict?threshold=${show.threshold()}${inside ? '&inside=1' : ''}`, blob)).json();
  if (still !== about) return;
  if (p.classes.length <= state.classes.length && !p.classes.every((name) => state.classes.includes(name))) await load(); // taught from another tab
  show.answer(p, state.classes.length > p.classes.length ? most : Infinity);
  $('seen').textContent = still ? '' : `${p.label} ${Math.round(100 * p.probability)} %`; // on the camera's picture
  $('timing').textContent = `Answered in ${Math.max(1, Math.round(performance.now() - began))} ms.`;
  if (!camera.isOn() || still || began - spokenAt > 2000) {
    show.speak();
    spokenAt = began;
  }
  await cropped(p, blob);
}

// cropped shows what the network gets: what the server says, or until it does, the
// middle of what was sent.
async function cropped(p, blob) {
  const to = $('input').getContext('2d');
  const bitmap = await createImageBitmap(p.picture ? new Blob([show.bytes(p.picture)]) : blob);
  const side = Math.min(bitmap.width, bitmap.height) * (p.picture ? 1 : 7 / 8);
  to.imageSmoothingQuality = 'high';
  to.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 112, 112);
  bitmap.close();
  $('input').setAttribute('aria-label', 'What the network gets: the middle of the photo');
}

let watching = false;

// watch asks about what the camera sees, frame after frame.
async function watch() {
  if (watching) return;
  watching = true;
  for (let failed = 0; camera.isOn() && !still;) {
    const began = performance.now();
    const inside = visible && began - lookedAt > 1000;
    if (inside) lookedAt = began;
    try {
      if (!document.hidden) await predict(await camera.frame(state.limits.side), inside, null);
      if (failed > 0) complain(null);
      failed = 0;
    } catch (error) {
      if (failed++ === 2) complain(error); // one may be too many requests at once
    }
    const took = performance.now() - began;
    await wait(failed > 0 ? 1000 : Math.max(pause - took, took / 2)); // a large network leaves the server time for others
  }
  watching = false;
}

// again asks about the photo that is there.
async function again() {
  if (!still) return;
  try {
    await predict(still, true, still);
  } catch (error) {
    complain(error);
  }
}

$('ask').addEventListener('change', async (event) => {
  const file = event.target.files[0];
  event.target.value = '';
  if (!file) return;
  complain(null);
  try {
    still = await camera.fitted(file, state.limits);
    $('live').hidden = !camera.isOn();
    await predict(still, true, still);
  } catch (error) {
    still = null;
    complain(new Error(`${file.name}: ${error.message}`));
  }
});

$('live').addEventListener('click', () => {
  $('live').hidden = true;
  $('ask').focus();
  still = null;
  watch();
});

show.onThreshold(again);

// Training.

for (const radio of document.querySelectorAll('input[name=last]')) radio.addEventListener('change', mark);
$('stop').addEventListener('click', () => { adding = false; held = false; });

teach.buttons(async () => {
  await load();
  again();
}, complain);

if (missing) {
  $('no-camera').textContent = missing;
  $('record').hidden = $('camera').hidden = true;
}

try {
  await load();
} catch (error) {
  complain(error);
}
