import 'maplibre-gl/dist/maplibre-gl.css';
import {
  type GeoJSONSource,
  LngLatBounds,
  Map as MapLibre,
  Marker,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { Vehicle } from '../api.ts';
import { h, listen, onThemeChange, setAttribute, setText } from '../dom.ts';
import type { Session } from '../session.ts';
import type { PageState, PageStore } from '../state.ts';
import { graticule, mapStyle } from './map-style.ts';
import { placeAt, trackLines } from './map-tracks.ts';
import { conditionOf, conditionWords } from './vehicles.ts';

setWorkerUrl(workerUrl);

/** Beyond as many, vehicles are dots only: elements on a map are costly. */
const MARKERS_MAX = 150;
const STREET_ZOOM = 15;

export interface MapHandle {
  /** Whether the selected vehicle is kept in view. */
  follow(on: boolean): void;
  fitAll(): void;
}

interface VehicleMarker {
  readonly marker: Marker;
  readonly button: HTMLButtonElement;
}

function makeMarker(session: Session, vehicle: string): VehicleMarker {
  const arrow = h('span', { class: 'marker-arrow', 'aria-hidden': 'true' });
  const button = h('button', { type: 'button', class: 'marker' }, arrow, h('span', { class: 'marker-name' }, vehicle));
  listen(button, {
    click: (event) => {
      event.stopPropagation();
      session.select(vehicle);
    },
  });
  return { marker: new Marker({ element: h('div', {}, button), anchor: 'center' }), button };
}

function updateMarker({ marker, button }: VehicleMarker, vehicle: Vehicle, selected: boolean): void {
  const { longitude, latitude, heading } = vehicle.position!;
  marker.setLngLat([longitude, latitude]);
  setAttribute(button, 'aria-pressed', selected ? 'true' : 'false');
  setAttribute(button, 'data-condition', conditionOf(vehicle));
  setAttribute(button, 'aria-label', `${vehicle.vehicle}, ${conditionWords(vehicle, Date.now()).toLowerCase()}`);
  button.style.setProperty('--heading', `${heading ?? 0}deg`);
  setAttribute(button, 'data-still', heading === undefined);
  setText(button.lastElementChild!, vehicle.vehicle);
}

/** The map in `host`. Throws where the browser has no WebGL. */
export function startMap(
  host: HTMLElement,
  store: PageStore,
  session: Session,
  onFollow: (on: boolean) => void,
): MapHandle {
  const { tileUrl } = store.state.config ?? {};
  const map = new MapLibre({
    container: host,
    style: mapStyle(tileUrl),
    center: [8, 50],
    zoom: 3,
    attributionControl: tileUrl === undefined ? false : { compact: true },
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    canvasContextAttributes: { antialias: true },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ maxWidth: 120, unit: 'metric' }), 'bottom-left');
  const markers = new Map<string, VehicleMarker>();
  let following = true;
  let placed = false;

  const setData = (source: string, features: readonly object[]): void => {
    const target = map.getSource(source) as GeoJSONSource | undefined;
    target?.setData({ type: 'FeatureCollection', features: [...features] } as Parameters<GeoJSONSource['setData']>[0]);
  };

  function showGraticule(): void {
    const { _sw: sw, _ne: ne } = map.getBounds();
    setData('graticule', graticule(sw.lng, sw.lat, ne.lng, ne.lat).features);
  }

  function showTracks({ tracks, view }: PageState): void {
    const features = [...tracks].map(([vehicle, track]) => ({
      type: 'Feature',
      properties: { selected: vehicle === view.vehicle },
      geometry: { type: 'MultiLineString', coordinates: trackLines(track) },
    }));
    setData('tracks', features);
  }

  function showCursor({ cursorMs, tracks, view }: PageState): void {
    const track = view.vehicle === undefined ? undefined : tracks.get(view.vehicle);
    const place = cursorMs === undefined || track === undefined ? undefined : placeAt(track, cursorMs);
    setData('cursor', place ? [pointFeature(place)] : []);
  }

  function showVehicles({ vehicles = [], view }: PageState): void {
    const located = vehicles.filter(({ position }) => position !== undefined);
    const marked = located.length <= MARKERS_MAX ? located : located.filter(({ vehicle }) => vehicle === view.vehicle);
    const names = new Set(marked.map(({ vehicle }) => vehicle));
    for (const [name, { marker }] of markers) {
      if (names.has(name)) continue;
      marker.remove();
      markers.delete(name);
    }
    for (const vehicle of marked) {
      const known = markers.get(vehicle.vehicle);
      const marker = known ?? makeMarker(session, vehicle.vehicle);
      updateMarker(marker, vehicle, vehicle.vehicle === view.vehicle);
      if (known === undefined) markers.set(vehicle.vehicle, { ...marker, marker: marker.marker.addTo(map) });
    }
    const dots = located.filter(({ vehicle }) => !names.has(vehicle));
    setData(
      'vehicles',
      dots.map(({ position }) => pointFeature([position!.longitude, position!.latitude])),
    );
    if (!placed && located.length > 0) fitAll(0);
    else if (following) keepInView(located.find(({ vehicle }) => vehicle === view.vehicle));
  }

  function keepInView(vehicle: Vehicle | undefined): void {
    if (vehicle?.position === undefined || map.isMoving()) return;
    const { longitude, latitude } = vehicle.position;
    const point = map.project([longitude, latitude]);
    const { clientWidth: width, clientHeight: height } = host;
    const inside =
      point.x > width * 0.12 && point.x < width * 0.88 && point.y > height * 0.15 && point.y < height * 0.85;
    if (!inside) map.easeTo({ center: [longitude, latitude], zoom: Math.max(map.getZoom(), 12) });
  }

  function fitAll(duration = 400): void {
    const { vehicles = [], tracks } = store.state;
    const bounds = new LngLatBounds();
    for (const { position } of vehicles) if (position) bounds.extend([position.longitude, position.latitude]);
    for (const track of tracks.values())
      for (const line of trackLines(track)) for (const [x, y] of line) bounds.extend([x, y]);
    if (bounds.isEmpty()) return;
    placed = true;
    map.fitBounds(bounds, { padding: 56, maxZoom: STREET_ZOOM, duration });
  }

  function showAll(): void {
    showGraticule();
    showTracks(store.state);
    showVehicles(store.state);
    showCursor(store.state);
  }

  map.on('moveend', showGraticule);
  map.on('resize', showGraticule);
  map.on('style.load', showAll);
  map.on('dragstart', () => {
    following = false;
    onFollow(false);
  });
  let fitted = false;
  store.view(['tracks', 'view'], (state) => {
    showTracks(state);
    // Positions come before the tracks: once both are there, the first view shows the whole of them.
    if (fitted || !placed || state.tracks.size === 0) return;
    fitted = true;
    fitAll(0);
  });
  store.view(['vehicles', 'view'], showVehicles);
  store.view(['cursorMs', 'tracks'], showCursor);
  onThemeChange(() => map.setStyle(mapStyle(tileUrl), { diff: false }));
  return {
    fitAll,
    follow(on) {
      following = on;
      if (on) showVehicles(store.state);
    },
  };
}

function pointFeature(coordinates: readonly [number, number]): object {
  return { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates } };
}
