/** What all that is in a recycle bin has. */
export interface Binned {
  id: string;
  name: string;
  deletedAt: string;
  deletedBy: string;
  purgeAt: string;
}
