// Files picked, pasted or dropped, handed to the desk as base64.
export async function toBase64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const CHUNK = 0x8000;
  let binary = '';
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

/** The name of a file; a pasted picture has none and gets one with the time in it. */
export function fileName(file: File, now: Date): string {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file.name;
  const stamp = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  return `capture-${stamp}.${file.type.split('/')[1] ?? 'bin'}`;
}
