/** The tags in use: RFC 8746 typed arrays, little endian. */
export const TAG_UINT8 = 64;
export const TAG_UINT16 = 69;
export const TAG_UINT32 = 70;
export const TAG_UINT64 = 71;
export const TAG_SINT8 = 72;
export const TAG_SINT16 = 77;
export const TAG_SINT32 = 78;
export const TAG_SINT64 = 79;
export const TAG_FLOAT32 = 85;
export const TAG_FLOAT64 = 86;

/** Bytes of an element of a typed array, by tag. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [TAG_UINT8]: 1,
  [TAG_UINT16]: 2,
  [TAG_UINT32]: 4,
  [TAG_UINT64]: 8,
  [TAG_SINT8]: 1,
  [TAG_SINT16]: 2,
  [TAG_SINT32]: 4,
  [TAG_SINT64]: 8,
  [TAG_FLOAT32]: 4,
  [TAG_FLOAT64]: 8,
};

/** Major types of RFC 8949 §3.1. */
export const UINT = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;
export const SIMPLE = 7;

export const FALSE = 0xf4;
export const TRUE = 0xf5;
export const NULL = 0xf6;
export const FLOAT64 = 0xfb;
