/** Of the data module; rises with whatever of it changes. The first two numbers are Odoo's. */
export const VERSION = '19.0.1.0.0'
