import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { cssColor } from '../dom.ts';

type Feature = {
  type: 'Feature';
  properties: Record<string, unknown>;
  geometry: { type: 'LineString'; coordinates: number[][] };
};

/** Lines of latitude and longitude, in degrees, about six across the view; a round number of degrees, minutes or seconds apart. */
const STEPS_DEGREES = [30, 10, 5, 2, 1, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005];

export function graticule(
  west: number,
  south: number,
  east: number,
  north: number,
): { type: 'FeatureCollection'; features: Feature[] } {
  const step = STEPS_DEGREES.findLast((size) => size >= (east - west) / 8) ?? STEPS_DEGREES[0];
  const lines: Feature[] = [];
  const line = (coordinates: number[][]): void => {
    lines.push({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } });
  };
  const [top, bottom] = [Math.min(north, 85), Math.max(south, -85)];
  for (let x = Math.ceil(west / step); x * step <= east; x++)
    line([
      [x * step, bottom],
      [x * step, top],
    ]);
  for (let y = Math.ceil(bottom / step); y * step <= top; y++)
    line([
      [west, y * step],
      [east, y * step],
    ]);
  return { type: 'FeatureCollection', features: lines };
}

const isVector = (tileUrl: string): boolean => /\.(pbf|mvt)(\?|$)/.test(tileUrl);

/** Layers of the OpenMapTiles schema that need neither fonts nor sprites. */
function vectorLayers(): LayerSpecification[] {
  const layer = { source: 'tiles', 'source-layer': '' };
  const fill = (name: string, color: string): LayerSpecification => ({
    ...layer,
    id: `tiles-${name}`,
    'source-layer': name,
    type: 'fill',
    paint: { 'fill-color': cssColor(color) },
  });
  return [
    fill('landcover', '--map-green'),
    fill('water', '--map-water'),
    fill('building', '--map-building'),
    {
      ...layer,
      id: 'tiles-roads',
      'source-layer': 'transportation',
      type: 'line',
      paint: {
        'line-color': cssColor('--map-road'),
        'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.5, 16, 5],
      },
    },
  ];
}

function tileParts(tileUrl: string | undefined): {
  sources: StyleSpecification['sources'];
  layers: LayerSpecification[];
} {
  if (tileUrl === undefined) return { sources: {}, layers: [] };
  const address = new URL(tileUrl, location.href);
  // The parser of addresses encodes the braces that MapLibre looks for.
  const tiles = [address.href.replaceAll('%7B', '{').replaceAll('%7D', '}')];
  const attribution = `Tiles: ${address.host}`;
  if (isVector(tileUrl))
    return { sources: { tiles: { type: 'vector', tiles, maxzoom: 14, attribution } }, layers: vectorLayers() };
  const raster: LayerSpecification = {
    id: 'tiles',
    source: 'tiles',
    type: 'raster',
    paint: { 'raster-saturation': -0.4 },
  };
  return { sources: { tiles: { type: 'raster', tiles, tileSize: 256, attribution } }, layers: [raster] };
}

const EMPTY = { type: 'FeatureCollection' as const, features: [] };

/** A map that needs nothing from elsewhere: ground, graticule, tracks, vehicles. Tiles come between where there are any. */
export function mapStyle(tileUrl: string | undefined): StyleSpecification {
  const { sources, layers } = tileParts(tileUrl);
  const source = { type: 'geojson' as const, data: EMPTY };
  const track = (id: string, selected: boolean, paint: object): LayerSpecification => ({
    id,
    source: 'tracks',
    type: 'line',
    filter: ['==', ['get', 'selected'], selected],
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint,
  });
  return {
    version: 8,
    sources: { ...sources, graticule: source, tracks: source, vehicles: source, cursor: source },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': cssColor('--map-ground') } },
      ...layers,
      {
        id: 'graticule',
        source: 'graticule',
        type: 'line',
        paint: { 'line-color': cssColor('--map-grid'), 'line-width': 1 },
      },
      track('tracks', false, { 'line-color': cssColor('--map-track-other'), 'line-width': 2, 'line-opacity': 0.7 }),
      track('track-edge', true, { 'line-color': cssColor('--map-edge'), 'line-width': 6 }),
      track('track', true, { 'line-color': cssColor('--map-track'), 'line-width': 3 }),
      {
        id: 'vehicles',
        source: 'vehicles',
        type: 'circle',
        paint: {
          'circle-radius': 4,
          'circle-color': cssColor('--map-track-other'),
          'circle-stroke-color': cssColor('--map-edge'),
          'circle-stroke-width': 1.5,
        },
      },
      {
        id: 'cursor',
        source: 'cursor',
        type: 'circle',
        paint: {
          'circle-radius': 6,
          'circle-color': cssColor('--series-2'),
          'circle-stroke-color': cssColor('--map-edge'),
          'circle-stroke-width': 2,
        },
      },
    ],
  };
}
