import '@fontsource-variable/inter/wght.css';
import 'vuetify/styles/core';
import './styles.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { focus } from '../shared/focus.ts';
import App from './App.vue';
import { followNewerVersion } from './newer-version.ts';
import { createPage } from './router.ts';
import { createPageVuetify } from './theme.ts';

followNewerVersion();
const pinia = createPinia();
createApp(App)
  .use(pinia)
  .use(createPage(pinia))
  .use(createPageVuetify())
  .directive('focus', focus)
  .mount('#app');
