"""A small company, for `odoo shell`: two companies, people, goods in stock, carriers, vehicles, customers."""

# ruff: noqa: F821 (env is the shell's)
CITIES = [
    ("Rotterdam", 51.885, 4.435),
    ("Antwerpen", 51.26, 4.35),
    ("Köln", 50.904, 6.938),
    ("Duisburg", 51.43, 6.75),
    ("Lille", 50.62, 3.05),
    ("Utrecht", 52.08, 5.12),
    ("Hamburg", 53.53, 9.96),
    ("Luxembourg", 49.6, 6.13),
]
DUTCH = env.ref("base.nl")


def place(n):
    city, latitude, longitude = CITIES[n % len(CITIES)]
    return {
        "city": city,
        "street": f"Kade {n + 1}",
        "zip": f"{1000 + n} AB",
        "country_id": DUTCH.id,
        "partner_latitude": latitude,
        "partner_longitude": longitude,
    }


def user(login, name, groups, companies):
    return env["res.users"].create({
        "login": login,
        "name": name,
        "email": f"{login}@example.org",
        "notification_type": "inbox",
        "group_ids": [(6, 0, [env.ref(group).id for group in groups])],
        "company_id": companies[0].id,
        "company_ids": [(6, 0, companies.ids)],
    })


first = env.company
# A company with a country would have Odoo install that country's bookkeeping.
first.name = "Noordzee Trading"
second = env["res.company"].create({"name": "Noordzee België"})
both = first | second
env.ref("base.user_admin").write({"company_ids": [(6, 0, both.ids)], "group_ids": [
    (4, env.ref("stock.group_stock_manager").id),
    (4, env.ref("sales_team.group_sale_manager").id),
    (4, env.ref("fleet.fleet_group_manager").id),
]})
admin = env(user=env.ref("base.user_admin"), context={"allowed_company_ids": both.ids})
env = admin

STOCK, INTERNAL = "stock.group_stock_user", "base.group_user"
user("milepost", "Milepost", [INTERNAL, STOCK], both)
user("milepost-fleet", "Milepost with fleet", [INTERNAL, STOCK, "fleet.fleet_group_user"], both)
user("milepost-one", "Milepost of one company", [INTERNAL, STOCK], first)
user("stranger", "Stranger", [INTERNAL], both)
for login, name in [("anna", "Anna"), ("ben", "Ben"), ("carla", "Carla")]:
    user(login, name, [INTERNAL, "stock.group_stock_manager", "sales_team.group_sale_salesman_all_leads",
                       "fleet.fleet_group_manager"], both)

products = env["product.product"].create([
    {"name": name, "type": "consu", "is_storable": True, "weight": 10.0, "list_price": 100.0}
    for name in ["Pallet of pumps", "Pallet of valves", "Pallet of pipes"]
])
for n, company in enumerate(both):
    house = env["res.partner"].create({"name": f"Warehouse {n + 1}", **place(n)})
    # Of companies but the first Odoo makes none itself.
    warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1) or env[
        "stock.warehouse"
    ].create({"name": f"Warehouse {n + 1}", "code": f"WH{n + 1}", "company_id": company.id})
    warehouse.partner_id = house
    for product in products:
        env["stock.quant"].with_company(company).with_context(inventory_mode=True).create({
            "product_id": product.id,
            "location_id": warehouse.lot_stock_id.id,
            "inventory_quantity": 1_000_000,
        }).action_apply_inventory()
fee = env["product.product"].create({"name": "Freight", "type": "service", "list_price": 10.0})
env["delivery.carrier"].create([
    {"name": name, "delivery_type": "fixed", "product_id": fee.id, "fixed_price": 10.0}
    for name in ["Veldhuis FTL ", "Rapid Parcel"]
])
for n in range(12):
    unset = {"partner_latitude": 0, "partner_longitude": 0} if n == 11 else {}
    env["res.partner"].create({
        "name": f"Customer {n + 1}",
        "is_company": True,
        "ref": False if n % 3 == 0 else f"CUST-{n + 1}",
        **place(n + 2),
        **unset,
    })
brand = env["fleet.vehicle.model.brand"].create({"name": "DAF"})
model = env["fleet.vehicle.model"].create({"name": "XF 480", "brand_id": brand.id})
env["fleet.vehicle"].create([
    {"model_id": model.id, "license_plate": plate} for plate in ["95-BXK-7", "k ab 123", "1-ABC-234"]
])
env.cr.commit()
print("settled")
