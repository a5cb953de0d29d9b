// The drawing area: pointers, keyboard, and an image from a file.

const pad = document.getElementById('pad');
const pen = document.getElementById('pen');
const penState = document.getElementById('pen-state');
const ink = pad.getContext('2d', { willReadFrequently: true });

const width = 22; // of the pen, in pixels of the canvas
const largest = 400; // side of an image that is sent

let image = null; // canvas of an opened image; sent as it is until something is drawn
let empty = true;
let stroke = null; // id of the pointer that draws
let last = null; // where the stroke is
let told = () => {}, toldEnd = () => {};

// setUp calls changed(at, ended) when there is something new to look at: at is
// the time of the event, ended says that there is no stroke under way. At the
// end of a stroke it calls strokeEnded().
export function setUp(changed, strokeEnded) {
  told = changed;
  toldEnd = strokeEnded;
  clear(performance.now());
  pad.addEventListener('pointerdown', down);
  // Where there is one, an event that does not wait for the next frame.
  pad.addEventListener('onpointerrawupdate' in pad ? 'pointerrawupdate' : 'pointermove', move);
  pad.addEventListener('pointerup', up);
  pad.addEventListener('pointercancel', up);
  pad.addEventListener('keydown', key);
  pad.addEventListener('focus', showPen);
  pad.addEventListener('blur', () => { pen.hidden = true; lift(); });
}

export const isEmpty = () => empty;

export function clear(at) {
  image = null;
  empty = true;
  ink.fillStyle = '#fff';
  ink.fillRect(0, 0, pad.width, pad.height);
  ink.strokeStyle = ink.fillStyle = '#000';
  ink.lineWidth = width;
  ink.lineCap = ink.lineJoin = 'round';
  told(at, true);
}

// png returns what is drawn as the bytes of a PNG file.
export function png() {
  const text = atob((image || pad).toDataURL('image/png').split(',')[1]);
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

// open shows an image from a file. It is sent as it is, not as it is shown.
export async function open(file, at) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, largest / Math.max(bitmap.width, bitmap.height));
  const copy = document.createElement('canvas');
  copy.width = Math.max(1, Math.round(bitmap.width * scale));
  copy.height = Math.max(1, Math.round(bitmap.height * scale));
  const to = copy.getContext('2d');
  to.imageSmoothingQuality = 'high';
  to.drawImage(bitmap, 0, 0, copy.width, copy.height);
  bitmap.close();
  clear(at);
  const fit = pad.width / Math.max(copy.width, copy.height);
  const w = copy.width * fit, h = copy.height * fit;
  ink.drawImage(copy, (pad.width - w) / 2, (pad.height - h) / 2, w, h);
  image = copy;
  empty = false;
  told(at, true);
}

function line(from, to) {
  if (image) clear(performance.now());
  ink.beginPath();
  ink.moveTo(from.x, from.y);
  ink.lineTo(to.x + 0.01, to.y); // a line of no length is not drawn
  ink.stroke();
  empty = false;
}

function place(event) {
  const box = pad.getBoundingClientRect();
  return { x: (event.clientX - box.left) * pad.width / box.width, y: (event.clientY - box.top) * pad.height / box.height };
}

function down(event) {
  if (event.button !== 0 || stroke !== null) return;
  stroke = event.pointerId;
  pad.setPointerCapture(stroke);
  pen.hidden = true;
  last = place(event);
  line(last, last);
  told(event.timeStamp, false);
}

function move(event) {
  if (event.pointerId !== stroke) return;
  const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const e of all.length ? all : [event]) {
    const to = place(e);
    line(last, to);
    last = to;
  }
  told(event.timeStamp, false);
}

function up(event) {
  if (event.pointerId !== stroke) return;
  stroke = null;
  toldEnd();
}

// The keyboard's pen.
const at = { x: 140, y: 140, down: false };
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function showPen() {
  // A pointer gives the focus too, and needs no pen.
  pen.hidden = stroke !== null || !pad.matches(':focus-visible');
  pen.style.left = `${100 * at.x / pad.width}%`;
  pen.style.top = `${100 * at.y / pad.height}%`;
}

function setPen(isDown) {
  if (at.down === isDown) return;
  at.down = isDown;
  pen.classList.toggle('down', isDown);
  penState.textContent = isDown ? 'Pen down' : 'Pen up';
}

function lift() {
  if (at.down) toldEnd();
  setPen(false);
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = arrows[event.key];
  if (arrow) {
    const by = event.shiftKey ? 3 : 12;
    const from = { x: at.x, y: at.y };
    at.x = Math.min(pad.width - width / 2, Math.max(width / 2, at.x + by * arrow[0]));
    at.y = Math.min(pad.height - width / 2, Math.max(width / 2, at.y + by * arrow[1]));
    if (at.down) { line(from, at); told(event.timeStamp, false); }
  } else if (event.key === ' ') {
    if (event.repeat) { event.preventDefault(); return; }
    setPen(!at.down);
    if (at.down) { line(at, at); told(event.timeStamp, false); } else { toldEnd(); }
  } else if (event.key === 'Escape') {
    lift();
  } else if (event.key === 'Delete' || event.key === 'Backspace') {
    setPen(false);
    clear(event.timeStamp);
    penState.textContent = 'Cleared';
  } else {
    return;
  }
  event.preventDefault();
  showPen();
}
