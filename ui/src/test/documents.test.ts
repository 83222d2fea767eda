// Documents shown without leaving the window. pdf.js is the real one; only the drawing is missing in jsdom.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { pdfOf } from '../backend/fake-files';
import { openPdf, PdfRefused } from '../state/pdf';
import { bytesOf, PDF_LARGEST } from '../state/preview';
import { openTicket, openWindow, settle } from './window';

/** A page that asks for a password. */
const ENCRYPTED =
  'JVBERi0xLjQKJeLjz9MKMSAwIG9iago8PAovUHJvZHVjZXIgPDViN2Q3MTk0OGY+Cj4+CmVuZG9iagoyIDAgb2JqCjw8Ci9UeXBlIC9QYWdlcwovQ291bnQgMQovS2lkcyBbIDQgMCBSIF0KPj4KZW5kb2JqCjMgMCBvYmoKPDwKL1R5cGUgL0NhdGFsb2cKL1BhZ2VzIDIgMCBSCi9PdXRsaW5lcyA3IDAgUgo+PgplbmRvYmoKNCAwIG9iago8PAovVHlwZSAvUGFnZQovTWVkaWFCb3ggWyAwIDAgNTk1IDg0MiBdCi9Db250ZW50cyA1IDAgUgovUmVzb3VyY2VzIDw8Ci9Gb250IDw8Ci9GMSA2IDAgUgo+Pgo+PgovUGFyZW50IDIgMCBSCj4+CmVuZG9iago1IDAgb2JqCjw8Ci9MZW5ndGggNDcKPj4Kc3RyZWFtCrpBv4OvfzR4BLEj9zVehSrOmPMVcVCNDEDq5vUu/1fYx8M/PGN23KwdMmR7KfKjCmVuZHN0cmVhbQplbmRvYmoKNiAwIG9iago8PAovVHlwZSAvRm9udAovU3VidHlwZSAvVHlwZTEKL0Jhc2VGb250IC9IZWx2ZXRpY2EKPj4KZW5kb2JqCjcgMCBvYmoKPDwKPj4KZW5kb2JqCjggMCBvYmoKPDwKL1YgMQovUiAyCi9MZW5ndGggNDAKL1AgNDI5NDk2NzI5MgovRmlsdGVyIC9TdGFuZGFyZAovTyA8ZTVhOGQyNjg3YmQ5ZDBjZmY5NDZiN2FjNTVmNTEwODFkY2YwZDExNjU1NGM0YmZjYjBhNWU0NDZmNjllYTQ4YT4KL1UgPGI4MDYyZWI2YmY5NzBhMTI3YTllYzM3MDc5NTlmOTdmYjkyZjYwZTNlNmU0MDYxYzk0NGJjOWZmMzk3OGVmMDg+Cj4+CmVuZG9iagp4cmVmCjAgOQowMDAwMDAwMDAwIDY1NTM1IGYgCjAwMDAwMDAwMTUgMDAwMDAgbiAKMDAwMDAwMDA1OSAwMDAwMCBuIAowMDAwMDAwMTE4IDAwMDAwIG4gCjAwMDAwMDAxODMgMDAwMDAgbiAKMDAwMDAwMDMxMSAwMDAwMCBuIAowMDAwMDAwNDA4IDAwMDAwIG4gCjAwMDAwMDA0NzggMDAwMDAgbiAKMDAwMDAwMDQ5OSAwMDAwMCBuIAp0cmFpbGVyCjw8Ci9TaXplIDkKL1Jvb3QgMyAwIFIKL0luZm8gMSAwIFIKL0lEIFsgPDEyNDU4ZjBhYzExMzhmNjRmYjY2MTU4NzI3YThjNzQ4PiA8MTI0NThmMGFjMTEzOGY2NGZiNjYxNTg3MjdhOGM3NDg+IF0KL0VuY3J5cHQgOCAwIFIKPj4Kc3RhcnR4cmVmCjcxMwolJUVPRgo=';

/** The first PDF loads what draws it. */
const LONG = { timeout: 30_000 };

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (character) => character.charCodeAt(0));
const content = (filename: string, mime: string, base64: string, openable = true) => ({
  filename,
  mime,
  base64,
  openable,
});

async function why(pdf: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    (await openPdf(pdf)).close();
    return 'shown';
  } catch (error) {
    return error instanceof PdfRefused ? error.why : String(error);
  }
}

test('a PDF says what stands on its pages, and why it cannot be read', async () => {
  const pdf = await openPdf(bytes(pdfOf(['Première page'.normalize('NFC').replace('è', 'e'), 'Seconde'])));
  expect(pdf.pages).toBe(2);
  expect(await pdf.text(2)).toBe('Seconde');
  expect(Math.round((await pdf.size(1)).width)).toBe(793);
  pdf.close();
  expect(await why(bytes('no pdf at all'))).toBe('corrupt');
  expect(await why(bytesOf(ENCRYPTED))).toBe('encrypted');
});

test('a PDF opens by keyboard, goes from page to page, and gives the focus back', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  const tile = screen.getByTestId('document-3');
  tile.focus();
  await user.keyboard('{Enter}');
  const pages = await screen.findByTestId('pdf-pages', {}, LONG);
  await waitFor(() => expect(document.activeElement).toBe(pages));
  await waitFor(() => expect(screen.getByTestId('pdf-page-2').textContent).toContain('Conditions'));
  expect(screen.getByTestId('pdf-page-1').getAttribute('aria-label')).toBe('Page 1 sur 2');
  expect(screen.getByTestId('pdf-page-1').textContent).toContain('Bon de commande 2026-0417');
  await user.keyboard('{PageDown}');
  expect(screen.getByTestId('pdf-position').textContent).toBe('Page 2 sur 2');
  await user.keyboard('{PageDown}{PageUp}');
  expect(screen.getByTestId('pdf-position').textContent).toBe('Page 1 sur 2');
  const before = screen.getByTestId('pdf-fit').textContent;
  await user.keyboard('+');
  await waitFor(() => expect(screen.getByTestId('pdf-fit').textContent).not.toBe(before));
  await user.keyboard('0');
  await waitFor(() => expect(screen.getByTestId('pdf-fit').textContent).toBe(before));
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('document-preview')).toBeNull();
  expect(document.activeElement).toBe(tile);
});

test('what cannot be shown says why, and is saved or opened outside', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  const shown = async (filename: string, mime: string, base64: string, openable = true): Promise<HTMLElement> => {
    backend.files.set(3, content(filename, mime, base64, openable));
    await user.click(screen.getByTestId('document-3'));
    const dialog = await screen.findByTestId('document-preview');
    await settle();
    return dialog;
  };
  const close = async (): Promise<void> => {
    await user.keyboard('{Escape}');
    await settle();
  };
  let dialog = await shown('bon.pdf', 'application/pdf', ENCRYPTED);
  await within(dialog).findByText('Ce PDF est protégé par un mot de passe.', {}, LONG);
  await user.click(within(dialog).getByTestId('document-open'));
  await settle();
  expect(backend.calls.filter((call) => call.name === 'saveDocument').map((call) => call.args)).toEqual([[3, true]]);
  expect(screen.getByTestId('toasts').textContent).toContain('Téléchargements/bon.pdf');
  await close();
  dialog = await shown('bon.pdf', 'application/octet-stream', btoa('%PDF-1.7 broken'));
  await within(dialog).findByText('Ce PDF est endommagé : il ne peut pas être lu.', {}, LONG);
  await close();
  dialog = await shown('bon.pdf', 'application/pdf', 'A'.repeat(Math.ceil((PDF_LARGEST * 4) / 3) + 8));
  expect(dialog.textContent).toContain('l’aperçu s’arrête à 32 Mo');
  await close();
  dialog = await shown('outil.exe', 'application/x-msdownload', btoa('MZ'), false);
  expect(within(dialog).queryByTestId('document-open')).toBeNull();
  backend.failNext.set(
    'saveDocument',
    new BackendFailure({ code: 'file_not_saved', message: 'Disque plein.', hint: 'Faites de la place.' }),
  );
  await user.click(within(dialog).getByTestId('document-save'));
  await settle();
  expect(screen.getByTestId('toasts').textContent).toContain('Disque plein.');
});

test('a text is shown as it stands, whatever it is', async () => {
  const { backend, user } = await openWindow({ locale: 'en' });
  await openTicket(user, 4821);
  backend.files.set(2, content('page.html', 'text/html', btoa('<b>bold</b><img src=x onerror=alert(1)>')));
  await user.click(screen.getByTestId('document-2'));
  const words = await screen.findByTestId('preview-words');
  expect(words.textContent).toBe('<b>bold</b><img src=x onerror=alert(1)>');
  expect(words.children).toHaveLength(0);
  expect(screen.getByTestId('preview-about').textContent).toContain('UTF-8');
  expect(words.tabIndex).toBe(0);
});
