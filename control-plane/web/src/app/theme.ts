import { createVuetify } from 'vuetify';
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg';

const STORAGE_KEY = 'flowyard.theme';

export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];

/** What the person chose in this browser; the system decides until they do. */
export function storedTheme(): ThemeChoice {
  const stored = localStorage.getItem(STORAGE_KEY);
  return THEME_CHOICES.find((choice) => choice === stored) ?? 'system';
}

/** Remembers the choice for the next visit. */
export function storeTheme(choice: ThemeChoice): void {
  localStorage.setItem(STORAGE_KEY, choice);
}

const light = {
  dark: false,
  colors: {
    background: '#f3f6f6',
    surface: '#ffffff',
    primary: '#0d5f6c',
    secondary: '#4d6267',
    success: '#17703f',
    warning: '#8a5700',
    error: '#b3261e',
    info: '#1f5fa3',
    'on-background': '#17211f',
    'on-surface': '#172124',
  },
};

const dark = {
  dark: true,
  colors: {
    background: '#0e1416',
    surface: '#161e21',
    primary: '#5cc3cf',
    secondary: '#9db1b6',
    success: '#5fce91',
    warning: '#e9b44f',
    error: '#f58a80',
    info: '#7fb8f2',
    'on-background': '#e4ecee',
    'on-surface': '#e4ecee',
    'on-primary': '#04252a',
    'on-error': '#3d0703',
  },
};

const FIELD = { variant: 'outlined', density: 'comfortable', hideDetails: 'auto', color: 'primary' } as const;

/** The component library with our look instead of its own. */
export function createPageVuetify() {
  return createVuetify({
    icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
    theme: { defaultTheme: storedTheme(), themes: { light, dark } },
    defaults: {
      VBtn: { variant: 'flat', rounded: 'md' },
      VTextField: FIELD,
      VTextarea: FIELD,
      VSelect: FIELD,
      VAutocomplete: FIELD,
      VCombobox: FIELD,
      VCheckbox: { color: 'primary', density: 'comfortable', hideDetails: 'auto' },
      VSwitch: { color: 'primary', density: 'comfortable', hideDetails: 'auto', inset: true },
      VRadioGroup: { color: 'primary', density: 'comfortable', hideDetails: 'auto' },
      VList: { density: 'compact' },
      VTooltip: { openDelay: 300 },
    },
  });
}
