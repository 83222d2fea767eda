// Files picked, pasted or dropped, handed to the desk as base64.
export function toBase64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.onload = () => {
      const url = String(reader.result);
      resolve(url.slice(url.indexOf(',') + 1));
    };
    reader.readAsDataURL(file);
  });
}

/** The name of a file; a pasted picture has none of its own and gets one with the time in it. */
export function fileName(file: File, now: Date): string {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file.name;
  const stamp = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  return `capture-${stamp}.${file.type.split('/')[1] ?? 'bin'}`;
}
