// Pictures to send: frames of the camera, and files.

const video = document.getElementById('video');

const quality = 0.92; // of JPEG

export const isOn = () => video.srcObject !== null;

// missing says why there can be no camera, or returns ''.
export function missing() {
  if (navigator.mediaDevices?.getUserMedia) return '';
  if (window.isSecureContext) return 'This browser has no camera for pages. Choose files instead.';
  return 'No camera here: a browser gives its camera to pages of its own machine and to https, and this page came by plain http. ' +
    'Choose files instead; a phone offers to take photos for it.';
}

const reasons = {
  NotAllowedError: 'The camera is not allowed for this page. Allow it beside the address, or choose files.',
  NotFoundError: 'No camera was found. Choose files instead.',
  NotReadableError: 'The camera is in use by another program. End that, or choose files.',
};

// start shows the camera, the one at the back of a phone; ended() is called when
// it goes away.
export async function start(ended) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: 'environment' } });
  } catch (error) {
    throw new Error(reasons[error.name] ?? `The camera does not start: ${error.message}`);
  }
  video.srcObject = stream;
  stream.getVideoTracks()[0].addEventListener('ended', () => { stop(); ended(); });
  await video.play();
}

export function stop() {
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

// frame returns what the camera sees, as a JPEG file whose shorter side has so
// many pixels at most.
export const frame = (side) => encoded(video, video.videoWidth, video.videoHeight, side, Infinity);

// fitted returns a file as it is, if the server takes it, or made smaller. What
// this browser cannot read is left to the server.
export async function fitted(file, limits) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    if (file.size <= limits.bytes) return file;
    throw new Error('not an image that this browser can read, and too large for the server to try');
  }
  try {
    if (file.size <= limits.bytes && bitmap.width * bitmap.height <= limits.pixels && file.type !== 'image/svg+xml') return file;
    return await encoded(bitmap, bitmap.width, bitmap.height, limits.side, limits.pixels);
  } finally {
    bitmap.close();
  }
}

async function encoded(source, width, height, side, pixels) {
  const scale = Math.min(1, side / Math.min(width, height), Math.sqrt(pixels / (width * height)));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.floor(width * scale));
  canvas.height = Math.max(1, Math.floor(height * scale));
  const to = canvas.getContext('2d');
  to.fillStyle = '#fff';
  to.fillRect(0, 0, canvas.width, canvas.height);
  to.imageSmoothingQuality = 'high';
  to.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, 'image/jpeg', quality); });
}
