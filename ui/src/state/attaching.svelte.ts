// Files joined to what is being written (an answer, a new ticket): picked, pasted or dropped, kept by the desk at once, and
// part of the draft from then on.
import type { Attachment } from '../backend/types';
import type { AppModel } from './app.svelte';
import { fileName, toBase64 } from './files';

/** What is being written, as far as its files go. */
interface Held {
  readonly attachments: Attachment[];
  setAttachments(attachments: Attachment[]): void;
}

export class Attaching {
  /** Files on their way to the disk. */
  busy = $state(0);
  /** Files are held over the place where they can be dropped. */
  over = $state(false);

  constructor(
    private readonly app: AppModel,
    private readonly box: Held,
  ) {}

  async add(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      this.busy++;
      try {
        const kept = await this.app.backend.keepAttachment(
          fileName(file, new Date()),
          file.type || 'application/octet-stream',
          await toBase64(file),
        );
        this.box.setAttachments([...this.box.attachments, kept]);
      } catch (error) {
        this.app.report(error);
      } finally {
        this.busy--;
      }
    }
  }

  remove(attachment: Attachment): void {
    this.box.setAttachments(this.box.attachments.filter((one) => one !== attachment));
  }

  /** Files in the clipboard are joined; text is pasted as usual. */
  readonly paste = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.add(files);
  };

  readonly dragover = (event: DragEvent): void => {
    event.preventDefault();
    this.over = true;
  };

  readonly dragleave = (): void => {
    this.over = false;
  };

  readonly drop = (event: DragEvent): void => {
    event.preventDefault();
    this.over = false;
    void this.add([...(event.dataTransfer?.files ?? [])]);
  };
}
