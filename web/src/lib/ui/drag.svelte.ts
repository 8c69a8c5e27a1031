// Dragging one of several things to another place in their list. Whoever has no pointer to drag with
// needs another way beside it: keys, or a menu.

import type { Attachment } from "svelte/attachments";

/** What is dragged in a list, and where it would go now. */
export class Drag<Id extends string> {
  item: Id | undefined = $state.raw();
  /** Before or behind which of them, or onto something else that takes it. */
  over: { readonly id: string; readonly after: boolean } | undefined = $state.raw();

  isBefore(id: string): boolean {
    return this.item !== undefined && this.over?.id === id && !this.over.after;
  }

  isAfter(id: string): boolean {
    return this.item !== undefined && this.over?.id === id && this.over.after;
  }

  /** Has an element be dragged as this one. */
  itemOf(id: Id): Attachment<HTMLElement> {
    return (node) => {
      node.draggable = true;
      const begin = (event: DragEvent) => {
        this.item = id;
        if (event.dataTransfer !== null) event.dataTransfer.effectAllowed = "copyMove";
      };
      const end = () => ([this.item, this.over] = [undefined, undefined]);
      node.addEventListener("dragstart", begin);
      node.addEventListener("dragend", end);
      return () => {
        node.removeEventListener("dragstart", begin);
        node.removeEventListener("dragend", end);
      };
    };
  }

  /** Lets things be dropped on an element: before it, or behind it where they are dropped on its lower half. */
  targetOf(id: string, drop: (item: Id, after: boolean) => void): Attachment<HTMLElement> {
    return (node) => {
      const isBehind = ({ clientY }: DragEvent) => {
        const { top, height } = node.getBoundingClientRect();
        return clientY > top + height / 2;
      };
      const over = (event: DragEvent) => {
        if (this.item === undefined || this.item === id) return;
        event.preventDefault();
        if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "move";
        const after = isBehind(event);
        if (this.over?.id !== id || this.over.after !== after) this.over = { id, after };
      };
      const left = (event: DragEvent) => {
        const stays = event.relatedTarget instanceof Node && node.contains(event.relatedTarget);
        if (this.over?.id === id && !stays) this.over = undefined;
      };
      const dropped = (event: DragEvent) => {
        const { item } = this;
        if (item === undefined || item === id) return;
        event.preventDefault();
        [this.item, this.over] = [undefined, undefined];
        drop(item, isBehind(event));
      };
      node.addEventListener("dragover", over);
      node.addEventListener("dragleave", left);
      node.addEventListener("drop", dropped);
      return () => {
        node.removeEventListener("dragover", over);
        node.removeEventListener("dragleave", left);
        node.removeEventListener("drop", dropped);
      };
    };
  }
}
