/** Which model is meant by a vendor's own id, and what the vendor charges for it. */
import { findModel, type Catalogue } from '../core/catalog.ts';
import { isPriced, type Price } from '../core/price.ts';

export type Listing = {
  /** Canonical slug; `vendor/id` for a model that the catalogue does not know. */
  readonly slug: string;
  readonly name: string;
  /** The vendor's own id. */
  readonly id: string;
  /** Absent = billed at zero. */
  readonly price?: Price;
  /** ISO date. */
  readonly released?: string;
};

export type Directory = {
  /** Never fails: an unknown id is a model without a price. */
  find(vendor: string, id: string): Listing;
  /** What the vendor offers, in the order of the catalogue. */
  list(vendor: string): readonly Listing[];
};

/** The directory of the catalogue in force; made anew when that is another one. */
export function followCatalogue(inForce: () => Catalogue): Directory {
  let catalogue: Catalogue | undefined;
  let directory: Directory | undefined;
  const current = (): Directory => {
    const now = inForce();
    if (!directory || now !== catalogue) [catalogue, directory] = [now, buildDirectory(now)];
    return directory;
  };
  return {
    find: (vendor, id) => current().find(vendor, id),
    list: (vendor) => current().list(vendor),
  };
}

function buildDirectory(catalogue: Catalogue): Directory {
  const vendors = indexOffers(catalogue);
  return {
    list: (vendor) => [...(vendors.get(vendor)?.values() ?? [])],
    find(vendor, id) {
      const offers = vendors.get(vendor);
      // OpenRouter's variants (`:nitro`) are other ways to the same model.
      const listing = offers?.get(id) ?? offers?.get(id.replace(/:[^:/]*$/, ''));
      if (listing) return { ...listing, id };
      const model = findModel(catalogue, id);
      return { slug: model?.slug ?? `${vendor}/${id}`, name: model?.name ?? id, id };
    },
  };
}

function indexOffers(catalogue: Catalogue): ReadonlyMap<string, ReadonlyMap<string, Listing>> {
  const vendors = new Map<string, Map<string, Listing>>();
  for (const { slug, name, released, offers } of catalogue.models.values()) {
    for (const { provider, id, price } of offers) {
      const listings = vendors.get(provider) ?? new Map<string, Listing>();
      vendors.set(provider, listings);
      listings.set(id, {
        slug,
        name,
        id,
        ...(isPriced(price) ? { price } : {}),
        ...(released ? { released } : {}),
      });
    }
  }
  return vendors;
}
