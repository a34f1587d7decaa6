/** Registration failed; the message says what to do. */
export class RegistrationError extends Error {
  override name = 'RegistrationError';
}
