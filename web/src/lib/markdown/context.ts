// What a message is shown with: who and what its names mean, and where its links go. The page knows;
// without any of it, names are words and links are links.

export interface Named {
  /** What is shown, if not what was written. */
  readonly label?: string;
  /** Whether it is the reader who is meant. */
  readonly me?: boolean;
  /** Where a link goes; without it, `open` is a button. */
  readonly href?: string;
  readonly open?: (from: HTMLElement) => void;
}

export interface MarkdownContext {
  readonly mention?: (name: string) => Named | undefined;
  readonly stream?: (name: string) => Named | undefined;
  /** For addresses of this server: what they lead to. */
  readonly link?: (href: string) => Named | undefined;
  /** Whether nothing in it can be pressed, where all of it leads somewhere. */
  readonly still?: boolean;
}
