/** The methods of the class `Api` in main.py. */
export interface Api {
  shout(text: string): string;
}
