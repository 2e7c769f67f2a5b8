/** What the options that choose list prices mean. */
import { Fault } from "#base/fault.ts";
import { type NodePrice, nodePrice, type PriceBook, priceBook, priceBooks } from "#metering/price-book.ts";

/** Throws BadRequest with those that there are. */
export function bookOf(id: string): PriceBook {
  const book = priceBook(id);
  if (book === undefined)
    throw new Fault("BadRequest", `--price-book ${id}: one of ${priceBooks.map((known) => known.id).join(", ")}`);
  return book;
}

/** Throws BadRequest with those that the book has. */
export function nodeOf(book: PriceBook, asked: string = book.defaultNode): NodePrice {
  if (!book.nodes.some(({ name }) => name === asked))
    throw new Fault("BadRequest", `--node ${asked}: one of ${book.nodes.map(({ name }) => name).join(", ")}`);
  return nodePrice(book, asked);
}
