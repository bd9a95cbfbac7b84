export { place as placeFile } from '../base/io/place.ts';
